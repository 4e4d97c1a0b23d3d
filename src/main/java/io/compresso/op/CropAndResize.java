package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Boxes {@code [R, 4]} of {@code y1, x1, y2, x2}, where 0 and 1 are the centres of the first and
 * the last element, cut out of images {@code [N, C, H, W]} and resized to {@code [R, C, height,
 * width]}, as TensorFlow's operator of this name does. Beyond the image there is {@code
 * extrapolation_value}.
 */
final class CropAndResize extends MicrosoftOperator {
  @Override
  public String opType() {
    return "CropAndResize";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> x = context.dims(0);
      List<Dim> boxes = context.dims(1);
      if (x != null && x.size() != 4 || boxes != null && boxes.size() != 2) {
        throw context.error(
            "input %s with boxes %s, not [N, C, H, W] with [R, 4]".formatted(x, boxes));
      }
      long[] size = Dims.longs(context, 3);
      List<Dim> dims = new ArrayList<>();
      dims.add(boxes == null ? Dim.UNKNOWN : boxes.getFirst());
      dims.add(x == null ? Dim.UNKNOWN : x.get(1));
      dims.addAll(
          size == null || size.length != 2
              ? Dims.unknown(2)
              : List.of(Dim.of(size[0]), Dim.of(size[1])));
      return List.of(Dims.tensor(context.dtype(0), dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Tensor boxes = context.tensor(1);
    Tensor images = context.tensor(2);
    Tensor size = context.tensor(3);
    if (x.shape().rank() != 4
        || boxes.shape().rank() != 2
        || boxes.shape().dim(1) != 4
        || images.size() != boxes.shape().dim(0)
        || size.size() != 2
        || size.getLong(0) < 1
        || size.getLong(1) < 1) {
      throw context.error(
          "input %s with boxes %s of images %s, resized to %s"
              .formatted(
                  x.shape(), boxes.shape(), images.shape(), Arrays.toString(size.toLongs())));
    }
    String mode = context.node().stringAttribute("mode", "bilinear");
    if (!mode.equals("bilinear") && !mode.equals("nearest")) {
      throw context.error("attribute 'mode' is '" + mode + "'");
    }
    Planes planes =
        new Planes(
            Reals.doubles(x),
            Math.toIntExact(x.shape().dim(2)),
            Math.toIntExact(x.shape().dim(3)),
            mode.equals("nearest"),
            context.node().floatAttribute("extrapolation_value", 0));
    int channels = Math.toIntExact(x.shape().dim(1));
    int height = Math.toIntExact(size.getLong(0));
    int width = Math.toIntExact(size.getLong(1));
    Shape shape = Axes.shape(context, boxes.shape().dim(0), channels, height, width);
    double[] y = new double[Math.toIntExact(shape.size())];
    int to = 0;
    for (int box = 0; box < boxes.shape().dim(0); box++) {
      long image = images.getLong(box);
      if (image < 0 || image >= x.shape().dim(0)) {
        throw context.error("box " + box + " is of image " + image + " of " + x.shape().dim(0));
      }
      double[] rows = points(boxes, box, 0, height, planes.height);
      double[] columns = points(boxes, box, 1, width, planes.width);
      for (int c = 0; c < channels; c++) {
        int plane = ((int) image * channels + c) * planes.height * planes.width;
        for (double row : rows) {
          for (double column : columns) {
            y[to++] = planes.sample(plane, row, column);
          }
        }
      }
    }
    return Reals.tensor(context, x.dtype(), shape, y);
  }

  /**
   * Where the image is sampled along an axis: from edge to edge of the box, or in its middle. In
   * floats, as their rounding decides which element is the nearest.
   */
  private static double[] points(Tensor boxes, int box, int axis, int count, int size) {
    float first = boxes.getFloat(box * 4L + axis);
    float last = boxes.getFloat(box * 4L + axis + 2);
    double[] points = new double[count];
    if (count == 1) {
      points[0] = (float) (0.5 * (first + last) * (size - 1));
      return points;
    }
    float step = (last - first) * (size - 1) / (count - 1);
    for (int i = 0; i < count; i++) {
      points[i] = i == count - 1 ? last * (size - 1) : first * (size - 1) + i * step;
    }
    return points;
  }

  /** How planes of {@code height} by {@code width} are sampled. */
  private record Planes(double[] x, int height, int width, boolean nearest, double outside) {
    double sample(int plane, double row, double column) {
      if (!(row >= 0 && row <= height - 1 && column >= 0 && column <= width - 1)) {
        return outside;
      }
      if (nearest) {
        return x[plane + (int) Math.floor(row + 0.5) * width + (int) Math.floor(column + 0.5)];
      }
      int top = plane + (int) Math.floor(row) * width;
      int bottom = plane + (int) Math.ceil(row) * width;
      int left = (int) Math.floor(column);
      int right = (int) Math.ceil(column);
      double across = column - left;
      double upper = x[top + left] + (x[top + right] - x[top + left]) * across;
      double lower = x[bottom + left] + (x[bottom + right] - x[bottom + left]) * across;
      return upper + (lower - upper) * (row - Math.floor(row));
    }
  }
}
