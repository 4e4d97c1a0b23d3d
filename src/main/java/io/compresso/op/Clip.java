package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.UnaryFunction;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Elements limited to {@code [min, max]}; {@code max} wins when they cross. */
final class Clip extends StandardOperator {
  Clip() {
    super("Clip", 1, 6, 11, 12, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor min = context.tensorOrNull(1);
      Tensor max = context.tensorOrNull(2);
      if (min != null && min.size() != 1 || max != null && max.size() != 1) {
        throw context.error("bounds are not scalars");
      }
      Node node = context.node();
      boolean unsigned = x.dtype() == DType.UINT64;
      Bounds bounds =
          new Bounds(
              min == null ? node.floatAttribute("min", Float.NEGATIVE_INFINITY) : min.getDouble(0),
              max == null ? node.floatAttribute("max", Float.POSITIVE_INFINITY) : max.getDouble(0),
              min == null ? unsigned ? 0 : Long.MIN_VALUE : min.getLong(0),
              max == null ? unsigned ? -1 : Long.MAX_VALUE : max.getLong(0));
      return List.of(ElementwiseUnary.map(context, bounds, x));
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    if (!Lowerings.isFixed(context, 1, 2)) {
      return null;
    }
    Node node = context.node();
    double min =
        context.inputOrNull(1) == null
            ? node.floatAttribute("min", Float.NEGATIVE_INFINITY)
            : Lowerings.scalar(context, 1);
    double max =
        context.inputOrNull(2) == null
            ? node.floatAttribute("max", Float.POSITIVE_INFINITY)
            : Lowerings.scalar(context, 2);
    return Lowerings.unary(context, UnaryFunction.CLIP, min, max);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }

  private record Bounds(double min, double max, long minLong, long maxLong)
      implements ElementwiseUnary.Function {
    @Override
    public double apply(double x) {
      return Math.min(max, Math.max(min, x));
    }

    @Override
    public void floats(float[] x, int n) {
      float low = (float) min;
      float high = (float) max;
      for (int i = 0; i < n; i++) {
        x[i] = Math.min(high, Math.max(low, x[i]));
      }
    }

    @Override
    public boolean takesIntegers() {
      return true;
    }

    @Override
    public void longs(long[] x, int n, DType dtype) {
      long flip = dtype == DType.UINT64 ? Long.MIN_VALUE : 0;
      long low = minLong ^ flip;
      long high = maxLong ^ flip;
      for (int i = 0; i < n; i++) {
        x[i] = Math.min(high, Math.max(low, x[i] ^ flip)) ^ flip;
      }
    }
  }
}
