package io.compresso.op;

import io.compresso.graph.ValueType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import org.jspecify.annotations.Nullable;

/** What operators on sequences share. */
final class Sequences {
  private Sequences() {}

  /** Sequence input {@code index}; blames the node when it is none. */
  static TensorSequence input(OpContext context, int index) {
    if (context.input(index) instanceof TensorSequence sequence) {
      return sequence;
    }
    throw context.error("input " + index + " is not a sequence");
  }

  /** Tensor {@code index} of a sequence. */
  static Tensor tensor(OpContext context, TensorSequence sequence, int index) {
    if (sequence.elements().get(index) instanceof Tensor tensor) {
      return tensor;
    }
    throw context.error("element " + index + " of the sequence is not a tensor");
  }

  /** The position from 0; {@code otherwise} when it is not given; blames the node outside. */
  static int position(OpContext context, @Nullable Tensor position, int size, int otherwise) {
    if (position == null) {
      return otherwise;
    }
    long at = position.getLong(0);
    if (at < -size || at > Math.max(size - 1, otherwise)) {
      throw context.error("position " + at + " is outside a sequence of " + size);
    }
    return (int) (at < 0 ? at + size : at);
  }

  /** The type of a sequence's elements. */
  static ValueType element(ShapeContext context, int index) {
    return context.input(index).type() instanceof ValueType.SequenceType(ValueType element)
            && element != null
        ? element
        : ValueType.UNKNOWN;
  }

  /** A value that must be there. */
  static Value value(OpContext context, int index) {
    Value value = context.input(index);
    if (value == null) {
      throw context.error("input " + index + " is missing");
    }
    return value;
  }
}
