package io.compresso.op;

import io.compresso.op.AttentionKernels.Sizes;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What ONNX Runtime's attention operators add to their scores: a mask of 32-bit integers, which
 * gives the keys that count or how many do ({@link PackedAttention}), a tensor of floats, and what
 * forbids later keys.
 */
final class AttentionTerms {
  private final LoweringContext context;
  private final Sizes sizes;
  private final int mask;
  private final int added;
  private final List<Shape> shapes = new ArrayList<>();
  private final Form form;
  private final @Nullable MemorySegment future;

  /** What a mask of integers holds. */
  private enum Form {
    NONE,
    /** For each batch element how many keys count; more may follow. */
    ENDS,
    /** For each batch element where the keys that count end, then for each where they begin. */
    ENDS_AND_STARTS,
    /** For each batch element which keys count. */
    KEYS,
    /** For each batch element and query which keys count. */
    KEYS_OF_QUERIES
  }

  private AttentionTerms(LoweringContext context, Sizes sizes, int mask, int added, Form form) {
    this.context = context;
    this.sizes = sizes;
    this.mask = mask;
    this.added = added;
    this.form = form;
    if (form != Form.NONE) {
      shapes.add(Shape.of(sizes.batch(), 1, maskedQueries(), sizes.keys()));
    }
    if (added >= 0) {
      shapes.add(context.input(added).shape());
    }
    boolean causal = context.node().intAttribute("unidirectional", 0) != 0;
    this.future =
        causal
            ? future(sizes, PackedAttention.sight(context.node(), sizes.queries(), sizes.keys(), 0))
            : null;
    if (causal) {
      shapes.add(Shape.of(1, 1, sizes.queries(), sizes.keys()));
    }
  }

  /**
   * The terms of a node; null where an input is of another form.
   *
   * @param mask the input with the mask
   * @param added the input with what is added, negative for none
   */
  static @Nullable AttentionTerms of(LoweringContext context, Sizes sizes, int mask, int added) {
    TensorSpec given = context.inputOrNull(mask);
    Form form = given == null ? Form.NONE : form(given, sizes);
    TensorSpec bias = added < 0 ? null : context.inputOrNull(added);
    boolean fits =
        bias == null
            || bias.dtype() == DType.FLOAT && bias.shape().rank() == 4 && sizes.take(bias.shape());
    return form == null || !fits
        ? null
        : new AttentionTerms(context, sizes, mask, bias == null ? -1 : added, form);
  }

  private static @Nullable Form form(TensorSpec mask, Sizes sizes) {
    Shape shape = mask.shape();
    long batch = sizes.batch();
    if (mask.dtype() != DType.INT32) {
      return null;
    }
    if (shape.rank() == 1 && (shape.dim(0) == batch || shape.dim(0) == 3 * batch + 2)) {
      return Form.ENDS;
    }
    if (shape.rank() == 1 && shape.dim(0) == 2 * batch) {
      return Form.ENDS_AND_STARTS;
    }
    if (shape.equals(Shape.of(batch, sizes.keys()))) {
      return Form.KEYS;
    }
    return shape.equals(Shape.of(batch, sizes.queries(), sizes.keys()))
        ? Form.KEYS_OF_QUERIES
        : null;
  }

  private int maskedQueries() {
    return form == Form.KEYS_OF_QUERIES ? sizes.queries() : 1;
  }

  /** The shapes of all terms, as {@link AttentionKernels.Scores} wants them. */
  List<Shape> shapes() {
    return shapes;
  }

  /** Bytes that {@link #bind} needs to work in. */
  long workspaceBytes() {
    return form == Form.NONE ? 0 : 4L * sizes.batch() * maskedQueries() * sizes.keys();
  }

  /** The terms in memory, the mask's of which are made by each run. */
  record Bound(List<MemorySegment> memory, Runnable fill) {}

  Bound bind(Lowered.Buffers buffers, MemorySegment workspace) {
    List<MemorySegment> memory = new ArrayList<>();
    Runnable fill = () -> {};
    if (form != Form.NONE) {
      memory.add(workspace);
      MemorySegment given = buffers.input(mask);
      float forbidden = context.node().floatAttribute("mask_filter_value", -10000);
      fill = () -> fill(given, workspace, forbidden);
    }
    if (added >= 0) {
      memory.add(buffers.input(added));
    }
    if (future != null) {
      memory.add(future);
    }
    return new Bound(memory, fill);
  }

  private void fill(MemorySegment given, MemorySegment target, float forbidden) {
    long keys = sizes.keys();
    for (long row = 0; row < (long) sizes.batch() * maskedQueries(); row++) {
      for (int key = 0; key < keys; key++) {
        boolean counts =
            switch (form) {
              case ENDS -> key < number(given, row);
              case ENDS_AND_STARTS ->
                  key < number(given, row) && key >= number(given, row + sizes.batch());
              default -> number(given, row * keys + key) != 0;
            };
        target.set(
            ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * (row * keys + key), counts ? 0 : forbidden);
      }
    }
  }

  private static int number(MemorySegment numbers, long index) {
    return numbers.get(ValueLayout.JAVA_INT_UNALIGNED, 4 * index);
  }

  /** What forbids each query the keys that it does not see, the same for all batch elements. */
  static MemorySegment future(Sizes sizes, Attention.Sight sight) {
    long bytes = Math.multiplyExact(4L * sizes.queries(), sizes.keys());
    MemorySegment result = Arena.ofAuto().allocate(bytes, Tensor.ALIGNMENT);
    for (int query = 0; query < sizes.queries(); query++) {
      for (long key = sight.to(0, query); key < sizes.keys(); key++) {
        long index = (long) query * sizes.keys() + key;
        result.setAtIndex(ValueLayout.JAVA_FLOAT, index, Float.NEGATIVE_INFINITY);
      }
    }
    return result;
  }
}
