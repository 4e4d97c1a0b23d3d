package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The negative log likelihood of targets, weighted and reduced. */
final class LossReduction {
  private LossReduction() {}

  /**
   * The loss.
   *
   * @param logs log probabilities {@code [N, C, ...]}
   * @param target class indices {@code [N, ...]}
   * @param weight one weight a class, or null
   */
  static Tensor loss(
      OpContext context,
      double[] logs,
      Shape shape,
      Tensor target,
      @Nullable Tensor weight,
      DType dtype) {
    if (shape.rank() < 2 || target.size() * shape.dim(1) != shape.size()) {
      throw context.error("input " + shape + " with target " + target.shape());
    }
    int classes = Math.toIntExact(shape.dim(1));
    int inner = Math.toIntExact(shape.size(2, shape.rank()));
    if (weight != null && weight.size() != classes) {
      throw context.error("weight " + weight.shape() + " for " + classes + " classes");
    }
    boolean ignores = context.node().attributes().containsKey("ignore_index");
    long ignored = context.node().intAttribute("ignore_index", 0);
    double[] losses = new double[Math.toIntExact(target.size())];
    double total = 0;
    double weights = 0;
    for (int i = 0; i < losses.length; i++) {
      long type = target.getLong(i);
      if (ignores && type == ignored) {
        continue;
      }
      if (type < 0 || type >= classes) {
        throw context.error("target " + type + " is no class of " + classes);
      }
      double factor = weight == null ? 1 : weight.getDouble(type);
      int at = (int) (((long) (i / inner) * classes + type) * inner + i % inner);
      losses[i] = -logs[at] * factor;
      total += losses[i];
      weights += factor;
    }
    return switch (context.node().stringAttribute("reduction", "mean")) {
      case "none" -> Reals.tensor(context, dtype, target.shape(), losses);
      case "sum" -> Reals.tensor(context, dtype, Shape.SCALAR, new double[] {total});
      case "mean" -> Reals.tensor(context, dtype, Shape.SCALAR, new double[] {total / weights});
      case String other -> throw context.error("reduction '" + other + "' is not known");
    };
  }

  /** The dimensions of the loss of input 0. */
  static @Nullable List<Dim> dims(ShapeContext context) {
    if (!context.node().stringAttribute("reduction", "mean").equals("none")) {
      return List.of();
    }
    List<Dim> x = context.dims(0);
    if (x == null || x.size() < 2) {
      return context.dims(1);
    }
    List<Dim> dims = new ArrayList<>(x);
    dims.remove(1);
    return dims;
  }
}
