package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Samples each region of interest on a grid by bilinear interpolation and pools the samples of each
 * cell (He et al., "Mask R-CNN", 2017).
 */
final class RoiAlign implements Operator {
  @Override
  public String opType() {
    return "RoiAlign";
  }

  @Override
  public List<Integer> versions() {
    return List.of(10, 16, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = context.dtype(0);
      List<Dim> x = context.dims(0);
      List<Dim> rois = context.dims(1);
      if (dtype == null) {
        return List.of(Inferred.UNKNOWN);
      }
      return List.of(
          Inferred.tensor(
              dtype,
              List.of(
                  rois == null || rois.isEmpty() ? Dim.UNKNOWN : rois.getFirst(),
                  x == null || x.size() < 2 ? Dim.UNKNOWN : x.get(1),
                  Dim.of(Math.max(0, context.node().intAttribute("output_height", 1))),
                  Dim.of(Math.max(0, context.node().intAttribute("output_width", 1))))));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Tensor rois = context.tensor(1);
    Tensor batches = context.tensor(2);
    if (x.shape().rank() != 4
        || rois.shape().rank() != 2
        || rois.shape().dim(1) != 4
        || batches.size() != rois.shape().dim(0)) {
      throw context.error(
          "input %s, regions %s, batch indices %s"
              .formatted(x.shape(), rois.shape(), batches.shape()));
    }
    int channels = Math.toIntExact(x.shape().dim(1));
    int plane = Math.toIntExact(x.shape().size(2, 4));
    long height = context.node().intAttribute("output_height", 1);
    long width = context.node().intAttribute("output_width", 1);
    Shape shape = Shape.of(rois.shape().dim(0), channels, height, width);
    double[] values = Reals.doubles(x);
    double[] y = new double[Math.toIntExact(shape.size())];
    int cells = Math.toIntExact(height * width);
    for (int roi = 0; roi < rois.shape().dim(0); roi++) {
      long batch = batches.getLong(roi);
      if (batch < 0 || batch >= x.shape().dim(0)) {
        throw context.error("region " + roi + " names batch " + batch + " of " + x.shape());
      }
      for (int c = 0; c < channels; c++) {
        int from = Math.toIntExact((batch * channels + c) * plane);
        region(context, x.shape(), values, from, rois, roi, y, (roi * channels + c) * cells);
      }
    }
    return Reals.tensor(context, x.dtype(), shape, y);
  }

  private static void region(
      OpContext context,
      Shape shape,
      double[] x,
      int plane,
      Tensor rois,
      int roi,
      double[] y,
      int to) {
    var node = context.node();
    int rows = (int) node.intAttribute("output_height", 1);
    int columns = (int) node.intAttribute("output_width", 1);
    double scale = node.floatAttribute("spatial_scale", 1);
    boolean halfPixel =
        context.opset() >= 16
            && node.stringAttribute("coordinate_transformation_mode", "half_pixel")
                .equals("half_pixel");
    boolean max = node.stringAttribute("mode", "avg").equals("max");
    double offset = halfPixel ? 0.5 : 0;
    double left = rois.getDouble(roi * 4L) * scale - offset;
    double top = rois.getDouble(roi * 4L + 1) * scale - offset;
    double width = rois.getDouble(roi * 4L + 2) * scale - offset - left;
    double height = rois.getDouble(roi * 4L + 3) * scale - offset - top;
    if (!halfPixel) {
      width = Math.max(width, 1);
      height = Math.max(height, 1);
    }
    double cellHeight = height / rows;
    double cellWidth = width / columns;
    long ratio = node.intAttribute("sampling_ratio", 0);
    int samplesDown = (int) (ratio > 0 ? ratio : Math.ceil(cellHeight));
    int samplesAcross = (int) (ratio > 0 ? ratio : Math.ceil(cellWidth));
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        double result = 0;
        boolean any = false;
        for (int i = 0; i < samplesDown; i++) {
          double h = top + row * cellHeight + (i + 0.5) * cellHeight / samplesDown;
          for (int j = 0; j < samplesAcross; j++) {
            double w = left + column * cellWidth + (j + 0.5) * cellWidth / samplesAcross;
            double sample = sample(x, plane, shape, h, w, max);
            result = !max ? result + sample : any ? Math.max(result, sample) : sample;
            any = true;
          }
        }
        y[to + row * columns + column] =
            max ? result : result / Math.max(samplesDown * samplesAcross, 1);
      }
    }
  }

  /** The interpolated value, or with {@code max} the largest of its four weighted corners. */
  private static double sample(
      double[] x, int plane, Shape shape, double h, double w, boolean max) {
    int height = (int) shape.dim(2);
    int width = (int) shape.dim(3);
    if (h < -1 || h > height || w < -1 || w > width) {
      return 0;
    }
    double row = Math.max(h, 0);
    double column = Math.max(w, 0);
    int top = Math.min((int) row, height - 1);
    int left = Math.min((int) column, width - 1);
    int bottom = Math.min(top + 1, height - 1);
    int right = Math.min(left + 1, width - 1);
    double down = top == height - 1 ? 0 : row - top;
    double across = left == width - 1 ? 0 : column - left;
    double a = (1 - down) * (1 - across) * x[plane + top * width + left];
    double b = (1 - down) * across * x[plane + top * width + right];
    double c = down * (1 - across) * x[plane + bottom * width + left];
    double d = down * across * x[plane + bottom * width + right];
    return max ? Math.max(Math.max(a, b), Math.max(c, d)) : a + b + c + d;
  }
}
