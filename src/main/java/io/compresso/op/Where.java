package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** {@code x} where the condition holds, else {@code y}; all three broadcast together. */
final class Where extends StandardOperator {
  Where() {
    super("Where", 9, 16);
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(
            Dims.tensor(
                context.dtype(1) == null ? context.dtype(2) : context.dtype(1),
                Dims.broadcast(
                    context,
                    context.dims(0),
                    Dims.broadcast(context, context.dims(1), context.dims(2)))));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor condition = context.tensor(0);
      Tensor x = context.tensor(1);
      Tensor y = context.tensor(2);
      Shape shape;
      try {
        shape = condition.shape().broadcast(x.shape()).broadcast(y.shape());
      } catch (IllegalArgumentException e) {
        throw context.error(condition + ", " + x + " and " + y + " do not broadcast");
      }
      if (x.dtype() != y.dtype()) {
        throw context.error(x + " and " + y + " are of different types");
      }
      Tensor result = context.allocate(x.dtype(), shape);
      switch (Blocks.Compute.of(x.dtype())) {
        case FLOATS -> floats(condition, x, y, result);
        default -> others(condition, x, y, result);
      }
      return List.of(result);
    });
  }

  private static void floats(Tensor condition, Tensor x, Tensor y, Tensor result) {
    long size = result.size();
    int length = Blocks.length(size);
    BroadcastReader conditions = new BroadcastReader(condition, result.shape());
    BroadcastReader left = new BroadcastReader(x, result.shape());
    BroadcastReader right = new BroadcastReader(y, result.shape());
    long[] c = new long[length];
    float[] a = new float[length];
    float[] b = new float[length];
    for (long at = 0; at < size; at += length) {
      int n = (int) Math.min(length, size - at);
      conditions.read(c, n);
      left.read(a, n);
      right.read(b, n);
      for (int i = 0; i < n; i++) {
        a[i] = c[i] != 0 ? a[i] : b[i];
      }
      Blocks.write(a, result, at, n);
    }
  }

  private static void others(Tensor condition, Tensor x, Tensor y, Tensor result) {
    long size = result.size();
    int length = Blocks.length(size);
    BroadcastReader conditions = new BroadcastReader(condition, result.shape());
    BroadcastReader left = new BroadcastReader(x, result.shape());
    BroadcastReader right = new BroadcastReader(y, result.shape());
    long[] c = new long[length];
    long[] a = new long[length];
    long[] b = new long[length];
    for (long at = 0; at < size; at += length) {
      int n = (int) Math.min(length, size - at);
      conditions.read(c, n);
      left.indices(a, n);
      right.indices(b, n);
      for (int i = 0; i < n; i++) {
        if (c[i] != 0) {
          StridedCopy.element(x, a[i], result, at + i);
        } else {
          StridedCopy.element(y, b[i], result, at + i);
        }
      }
    }
  }
}
