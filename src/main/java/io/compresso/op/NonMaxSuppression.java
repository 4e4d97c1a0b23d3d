package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Keeps, per batch and class, the best boxes that overlap no better one too much. */
final class NonMaxSuppression implements Operator {
  @Override
  public String opType() {
    return "NonMaxSuppression";
  }

  @Override
  public List<Integer> versions() {
    return List.of(10, 11);
  }

  @Override
  public ShapeRule shapeRule() {
    return _ -> List.of(Inferred.tensor(DType.INT64, List.of(Dim.UNKNOWN, Dim.of(3))));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor boxes = context.tensor(0);
    Tensor scores = context.tensor(1);
    if (boxes.shape().rank() != 3
        || scores.shape().rank() != 3
        || boxes.shape().dim(2) != 4
        || boxes.shape().dim(0) != scores.shape().dim(0)
        || boxes.shape().dim(1) != scores.shape().dim(2)) {
      throw context.error("boxes " + boxes.shape() + " with scores " + scores.shape());
    }
    long most = Math.max(0, (long) first(context.tensorOrNull(2), 0));
    double overlap = first(context.tensorOrNull(3), 0);
    double threshold = first(context.tensorOrNull(4), Double.NEGATIVE_INFINITY);
    boolean centred = context.node().intAttribute("center_point_box", 0) != 0;
    int count = Math.toIntExact(boxes.shape().dim(1));
    int classes = Math.toIntExact(scores.shape().dim(1));
    List<long[]> selected = new ArrayList<>();
    for (int batch = 0; batch < boxes.shape().dim(0); batch++) {
      double[][] corners = new double[count][];
      for (int box = 0; box < count; box++) {
        corners[box] = corners(boxes, ((long) batch * count + box) * 4, centred);
      }
      for (int type = 0; type < classes; type++) {
        long from = ((long) batch * classes + type) * count;
        List<Integer> kept = new ArrayList<>();
        int[] order =
            IntStream.range(0, count)
                .filter(box -> scores.getFloat(from + box) > threshold)
                .boxed()
                .sorted(
                    (a, b) -> Float.compare(scores.getFloat(from + b), scores.getFloat(from + a)))
                .mapToInt(Integer::intValue)
                .toArray();
        for (int box : order) {
          if (kept.size() >= most) {
            break;
          }
          if (kept.stream().noneMatch(other -> overlap(corners[box], corners[other]) > overlap)) {
            kept.add(box);
            selected.add(new long[] {batch, type, box});
          }
        }
      }
    }
    Tensor y = context.allocate(DType.INT64, Shape.of(selected.size(), 3));
    for (int i = 0; i < selected.size(); i++) {
      for (int j = 0; j < 3; j++) {
        y.setLong(i * 3L + j, selected.get(i)[j]);
      }
    }
    return y;
  }

  private static double first(@Nullable Tensor tensor, double otherwise) {
    return tensor == null || tensor.size() == 0 ? otherwise : tensor.getDouble(0);
  }

  /** Low and high coordinate on both axes. */
  private static double[] corners(Tensor boxes, long at, boolean centred) {
    double a = boxes.getFloat(at);
    double b = boxes.getFloat(at + 1);
    double c = boxes.getFloat(at + 2);
    double d = boxes.getFloat(at + 3);
    if (centred) {
      return new double[] {b - d / 2, a - c / 2, b + d / 2, a + c / 2};
    }
    return new double[] {Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)};
  }

  /** Intersection over union. */
  private static double overlap(double[] a, double[] b) {
    double height = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
    double width = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
    double areaA = (a[2] - a[0]) * (a[3] - a[1]);
    double areaB = (b[2] - b[0]) * (b[3] - b[1]);
    if (height <= 0 || width <= 0 || areaA <= 0 || areaB <= 0) {
      return 0;
    }
    double common = height * width;
    return common / (areaA + areaB - common);
  }
}
