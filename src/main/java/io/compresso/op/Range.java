package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code start}, {@code start + delta}, ... up to, not including, {@code limit}. */
final class Range extends StandardOperator {
  Range() {
    super("Range", 11, 27);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      long[] start = Dims.longs(context, 0);
      long[] limit = Dims.longs(context, 1);
      long[] delta = isOne(context.node()) ? new long[] {1} : Dims.longs(context, 2);
      boolean integers = context.dtype(0) != null && context.dtype(0).isInteger();
      if (!integers
          || start == null
          || limit == null
          || delta == null
          || start.length != 1
          || limit.length != 1
          || delta.length != 1
          || delta[0] == 0) {
        return List.of(Dims.tensor(context.dtype(0), Dims.unknown(1)));
      }
      long count = count(start[0], limit[0], delta[0]);
      List<Dim> elements = null;
      if (count <= 64) {
        elements = new ArrayList<>();
        for (long i = 0; i < count; i++) {
          elements.add(Dim.of(start[0] + i * delta[0]));
        }
      }
      return List.of(
          new Inferred(Dims.tensor(context.dtype(0), List.of(Dim.of(count))).type(), elements));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor start = context.tensor(0);
      Tensor limit = context.tensor(1);
      Tensor delta = isOne(context.node()) ? one(start.dtype()) : context.tensor(2);
      if (delta.getDouble(0) == 0) {
        throw context.error("delta is 0");
      }
      if (start.dtype().isFloat()) {
        double first = start.getDouble(0);
        double step = delta.getDouble(0);
        double count = Math.max(0, Math.ceil((limit.getDouble(0) - first) / step));
        if (!(count < Integer.MAX_VALUE)) {
          throw context.error("range of " + count + " elements");
        }
        Tensor y = context.allocate(start.dtype(), Shape.of((long) count));
        for (long i = 0; i < y.size(); i++) {
          y.setDouble(i, first + i * step);
        }
        return List.of(y);
      }
      long count = count(start.getLong(0), limit.getLong(0), delta.getLong(0));
      if (count >= Integer.MAX_VALUE) {
        throw context.error("range of " + count + " elements");
      }
      Tensor y = context.allocate(start.dtype(), Shape.of(count));
      for (long i = 0; i < count; i++) {
        y.setLong(i, start.getLong(0) + i * delta.getLong(0));
      }
      return List.of(y);
    });
  }

  /** Whether {@code delta} may be omitted, and is. */
  private static boolean isOne(Node node) {
    return !node.domain().isEmpty() && node.input(2) == null;
  }

  private static Tensor one(DType dtype) {
    Tensor one = Tensor.allocate(dtype, Shape.SCALAR);
    one.setDouble(0, 1);
    return one;
  }

  private static long count(long start, long limit, long delta) {
    if (delta > 0) {
      return limit <= start ? 0 : Math.ceilDiv(limit - start, delta);
    }
    return limit >= start ? 0 : Math.ceilDiv(start - limit, -delta);
  }
}
