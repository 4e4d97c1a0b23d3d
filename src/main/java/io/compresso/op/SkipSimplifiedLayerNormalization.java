package io.compresso.op;

import io.compresso.kernel.NormProblem;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A sum of input, skip and bias divided along the last axis by its root mean square; output 3 is
 * the sum.
 */
final class SkipSimplifiedLayerNormalization extends MicrosoftOperator {
  @Override
  public String opType() {
    return "SkipSimplifiedLayerNormalization";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Inferred> outputs = new ArrayList<>();
      for (int i = 0; i < context.node().outputs().size(); i++) {
        outputs.add(i == 1 || i == 2 ? Inferred.UNKNOWN : Inferred.of(context.input(0).type()));
      }
      return outputs;
    };
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Shape shape = context.input(0).shape();
    for (int i = 1; i < context.node().outputs().size(); i++) {
      if (context.outputOrNull(i) != null) {
        return null;
      }
    }
    if (shape.rank() == 0 || context.inputOrNull(3) != null) {
      return null;
    }
    return LayerNormalization.normalization(
        context,
        NormProblem.Kind.RMS,
        shape.size(0, shape.rank() - 1),
        shape.dim(-1),
        new LayerNormalization.Parameters(2, -1, 1));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(SkipSimplifiedLayerNormalization::run);
  }

  private static List<? extends @Nullable Tensor> run(OpContext context) {
    Tensor x = context.tensor(0);
    Shape shape = x.shape();
    int width = shape.rank() == 0 ? 0 : Math.toIntExact(shape.dim(-1));
    Tensor gamma = context.tensor(2);
    if (gamma.size() != width) {
      throw context.error("input 'gamma' " + gamma.shape() + " for rows of " + width);
    }
    double[] sum = Reals.doubles(x);
    SkipLayerNormalization.add(context, sum, 1, width);
    if (context.tensorOrNull(3) != null) {
      SkipLayerNormalization.add(context, sum, 3, width);
    }
    double[] y = sum.clone();
    double epsilon = context.node().floatAttribute("epsilon", 1e-12f);
    RMSNormalization.normalize(y, width, Reals.doubles(gamma), epsilon);
    List<@Nullable Tensor> outputs = new ArrayList<>();
    outputs.add(Reals.tensor(context, x.dtype(), shape, y));
    if (context.node().outputs().size() > 1) {
      outputs.add(null);
      outputs.add(null);
      outputs.add(Reals.tensor(context, x.dtype(), shape, sum));
    }
    return outputs;
  }
}
