package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** An operator that gives all partial folds along an axis. */
abstract class Cumulative extends StandardOperator {
  private final long neutral;

  Cumulative(String opType, long neutral, int... versions) {
    super(opType, versions);
    this.neutral = neutral;
  }

  abstract double fold(double state, double value);

  abstract long fold(long state, long value);

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Shape shape = x.shape();
      int axis = Axes.normalize(context, context.tensor(1).getLong(0), shape.rank());
      boolean exclusive = context.node().intAttribute("exclusive", 0) != 0;
      boolean reverse = context.node().intAttribute("reverse", 0) != 0;
      Tensor y = context.allocate(x.dtype(), shape);
      long size = shape.dim(axis);
      long inner = shape.size(axis + 1, shape.rank());
      long outer = shape.size(0, axis);
      for (long i = 0; i < outer; i++) {
        for (long j = 0; j < inner; j++) {
          long from = i * size * inner + j;
          long step = reverse ? -inner : inner;
          line(x, y, reverse ? from + (size - 1) * inner : from, step, size, exclusive);
        }
      }
      return List.of(y);
    });
  }

  private void line(Tensor x, Tensor y, long from, long step, long size, boolean exclusive) {
    boolean floats = x.dtype().isFloat();
    double state = neutral;
    long integer = neutral;
    for (long i = 0; i < size; i++) {
      long at = from + i * step;
      if (floats) {
        double next = fold(state, x.getDouble(at));
        y.setDouble(at, exclusive ? state : next);
        state = next;
      } else {
        long next = fold(integer, x.getLong(at));
        y.setLong(at, exclusive ? integer : next);
        integer = next;
      }
    }
  }
}
