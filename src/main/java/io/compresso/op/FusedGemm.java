package io.compresso.op;

import io.compresso.kernel.Epilogue;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** {@link Gemm} and activation in one. */
final class FusedGemm extends MicrosoftOperator {
  @Override
  public String opType() {
    return "FusedGemm";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Gemm.infer(context));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      String name = context.node().stringAttribute("activation", "");
      float alpha = context.node().floatAttribute("activation_alpha", defaultAlpha(name));
      float beta = context.node().floatAttribute("activation_beta", 0);
      Tensor y = Gemm.run(context, Epilogue.NONE);
      FusedActivation.apply(context, name, alpha, beta, y);
      return List.of(y);
    });
  }

  private static float defaultAlpha(String name) {
    return name.equals("LeakyRelu") ? 0.01f : 0;
  }
}
