package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The largest element in each cell of a grid laid over each region of interest. */
final class MaxRoiPool implements Operator {
  @Override
  public String opType() {
    return "MaxRoiPool";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = context.dtype(0);
      List<Dim> x = context.dims(0);
      List<Dim> rois = context.dims(1);
      long[] pooled = pooled(context.node().intsAttribute("pooled_shape", new long[0]));
      if (dtype == null || pooled.length != 2) {
        return List.of(Inferred.UNKNOWN);
      }
      return List.of(
          Inferred.tensor(
              dtype,
              List.of(
                  rois == null || rois.isEmpty() ? Dim.UNKNOWN : rois.getFirst(),
                  x == null || x.size() < 2 ? Dim.UNKNOWN : x.get(1),
                  Dim.of(pooled[0]),
                  Dim.of(pooled[1]))));
    };
  }

  private static long[] pooled(long[] shape) {
    return shape.length == 2 && shape[0] > 0 && shape[1] > 0 ? shape : new long[0];
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Tensor rois = context.tensor(1);
    long[] pooled = pooled(context.node().intsAttribute("pooled_shape", new long[0]));
    if (x.shape().rank() != 4 || rois.shape().rank() != 2 || rois.shape().dim(1) != 5) {
      throw context.error("input " + x.shape() + " with regions " + rois.shape());
    }
    if (pooled.length != 2) {
      throw context.error("attribute 'pooled_shape' must be two positive sizes");
    }
    double scale = context.node().floatAttribute("spatial_scale", 1);
    int channels = Math.toIntExact(x.shape().dim(1));
    int height = Math.toIntExact(x.shape().dim(2));
    int width = Math.toIntExact(x.shape().dim(3));
    double[] values = Reals.doubles(x);
    Shape shape = Shape.of(rois.shape().dim(0), channels, pooled[0], pooled[1]);
    double[] y = new double[Math.toIntExact(shape.size())];
    int o = 0;
    for (int roi = 0; roi < rois.shape().dim(0); roi++) {
      long batch = (long) rois.getDouble(roi * 5L);
      if (batch < 0 || batch >= x.shape().dim(0)) {
        throw context.error("region " + roi + " names batch " + batch + " of " + x.shape());
      }
      long left = Math.round(rois.getDouble(roi * 5L + 1) * scale);
      long top = Math.round(rois.getDouble(roi * 5L + 2) * scale);
      double cellWidth =
          Math.max(Math.round(rois.getDouble(roi * 5L + 3) * scale) - left + 1, 1)
              / (double) pooled[1];
      double cellHeight =
          Math.max(Math.round(rois.getDouble(roi * 5L + 4) * scale) - top + 1, 1)
              / (double) pooled[0];
      for (int c = 0; c < channels; c++) {
        int plane = Math.toIntExact((batch * channels + c) * height * width);
        for (int h = 0; h < pooled[0]; h++) {
          int fromRow = clamp(Math.floor(h * cellHeight) + top, height);
          int toRow = clamp(Math.ceil((h + 1) * cellHeight) + top, height);
          for (int w = 0; w < pooled[1]; w++) {
            int from = clamp(Math.floor(w * cellWidth) + left, width);
            int to = clamp(Math.ceil((w + 1) * cellWidth) + left, width);
            double largest = toRow <= fromRow || to <= from ? 0 : Double.NEGATIVE_INFINITY;
            for (int row = fromRow; row < toRow; row++) {
              for (int column = from; column < to; column++) {
                largest = Math.max(largest, values[plane + row * width + column]);
              }
            }
            y[o++] = largest;
          }
        }
      }
    }
    return Reals.tensor(context, x.dtype(), shape, y);
  }

  private static int clamp(double position, int size) {
    return (int) Math.max(0, Math.min(size, position));
  }
}
