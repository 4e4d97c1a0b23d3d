package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The largest element of each window, and where it lies. */
final class MaxPool extends Pooling {
  @Override
  public String opType() {
    return "MaxPool";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 8, 10, 11, 12, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = dims(context);
      return List.of(Dims.tensor(context.dtype(0), dims), Dims.tensor(DType.INT64, dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(MaxPool::run);
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return context.outputOrNull(1) != null
        ? null
        : PoolLowering.windows(context, PoolProblem.Kind.MAX, false, Weights.NONE);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }

  private static List<Tensor> run(OpContext context) {
    Window window = window(context);
    Tensor x = context.tensor(0);
    double lowest = x.dtype().isFloat() ? Double.NEGATIVE_INFINITY : x.dtype().minValue();
    if (context.node().output(1) == null) {
      return List.of(
          pool(
              context,
              window,
              (values, w, plane, start) -> {
                int at = largest(values, w, plane, start);
                return at < 0 ? lowest : values[at];
              }));
    }
    int channels = Math.toIntExact(x.shape().size(0, 2));
    double[] values = Reals.doubles(x);
    double[] where = pool(values, window, channels, MaxPool::largest);
    Shape shape = window.outShape(x.shape().dim(0), x.shape().dim(1));
    Tensor y = context.allocate(x.dtype(), shape);
    Tensor indices = context.allocate(DType.INT64, shape);
    boolean columns = context.node().intAttribute("storage_order", 0) == 1;
    for (int i = 0; i < where.length; i++) {
      int at = (int) where[i];
      y.setDouble(i, at < 0 ? lowest : values[at]);
      indices.setLong(i, columns ? columnMajor(at, window) : at);
    }
    return List.of(y, indices);
  }

  /** The index of the first largest element, -1 when the window lies outside the input. */
  static int largest(double[] x, Window window, int plane, int[] start) {
    int best = -1;
    int end = window.last(2, start[2]);
    for (int d = window.first(0, start[0]); d < window.last(0, start[0]); d++) {
      int slice = plane + (start[0] + d * window.dilation()[0]) * window.in()[1] * window.in()[2];
      for (int h = window.first(1, start[1]); h < window.last(1, start[1]); h++) {
        int row = slice + (start[1] + h * window.dilation()[1]) * window.in()[2] + start[2];
        for (int w = window.first(2, start[2]); w < end; w++) {
          int at = row + w * window.dilation()[2];
          if (best < 0 || x[at] > x[best]) {
            best = at;
          }
        }
      }
    }
    return best;
  }

  private static long columnMajor(int at, Window window) {
    int[] in = window.in();
    int channel = at / window.inSize();
    int rest = at % window.inSize();
    int d = rest / (in[1] * in[2]);
    int h = rest / in[2] % in[1];
    int w = rest % in[2];
    return (long) channel * window.inSize() + d + (long) in[0] * (h + (long) in[1] * w);
  }
}
