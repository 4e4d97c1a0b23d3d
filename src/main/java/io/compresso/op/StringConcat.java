package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The strings of the first input followed by those of the second, broadcast together. */
final class StringConcat extends StandardOperator {
  StringConcat() {
    super("StringConcat", 20);
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(
            Inferred.tensor(
                DType.STRING, Dims.broadcast(context, context.dims(0), context.dims(1))));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor a = context.tensor(0);
      Tensor b = context.tensor(1);
      Shape shape;
      try {
        shape = a.shape().broadcast(b.shape());
      } catch (IllegalArgumentException e) {
        throw context.error("inputs " + a + " and " + b + " do not broadcast");
      }
      Tensor left = Expand.expand(context, a, shape);
      Tensor right = Expand.expand(context, b, shape);
      Tensor y = context.allocate(DType.STRING, shape);
      for (long i = 0; i < y.size(); i++) {
        byte[] head = left.getString(i);
        byte[] tail = right.getString(i);
        byte[] joined = Arrays.copyOf(head, head.length + tail.length);
        System.arraycopy(tail, 0, joined, head.length, tail.length);
        y.setString(i, joined);
      }
      return List.of(y);
    });
  }
}
