package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.kernel.Epilogue;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Convolution, sum with a fourth input, and activation in one. */
final class FusedConv extends MicrosoftOperator {
  @Override
  public String opType() {
    return "FusedConv";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Convolution.infer(context, 0, 1, context.dtype(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    String name = context.node().stringAttribute("activation", "");
    List<Float> given =
        context.node().attributes().get("activation_params")
                instanceof Attribute.Floats(List<Float> values)
            ? values
            : List.of();
    float alpha = given.isEmpty() ? 0 : given.getFirst();
    float beta = given.size() < 2 ? 0 : given.get(1);
    Tensor sum = context.tensorOrNull(3);
    Epilogue epilogue = sum == null ? FusedActivation.epilogue(name, alpha, beta) : null;
    Tensor y =
        Convolution.ofFloats(context.tensor(0), context.tensor(1), context.tensorOrNull(2))
            .withEpilogue(epilogue == null ? Epilogue.NONE : epilogue)
            .run(context, Conv.isConstant(context));
    if (sum != null) {
      if (!sum.shape().equals(y.shape())) {
        throw context.error("sum " + sum.shape() + " for result " + y.shape());
      }
      for (long i = 0; i < y.size(); i++) {
        y.setFloat(i, y.getFloat(i) + sum.getFloat(i));
      }
    }
    if (epilogue == null) {
      FusedActivation.apply(context, name, alpha, beta, y);
    }
    return y;
  }
}
