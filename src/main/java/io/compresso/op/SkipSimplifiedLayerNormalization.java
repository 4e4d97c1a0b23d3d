package io.compresso.op;

import io.compresso.kernel.NormProblem;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
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
    return SkipLayerNormalization::shapes;
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return SkipLayerNormalization.lower(context, NormProblem.Kind.RMS, -1, 3);
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
    return SkipLayerNormalization.outputs(context, y, sum);
  }
}
