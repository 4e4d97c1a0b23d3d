package io.compresso.op;

import io.compresso.kernel.Epilogue;
import io.compresso.tensor.Tensor;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/** The activations that ONNX Runtime fuses to products. */
final class FusedActivation {
  private FusedActivation() {}

  /** The clip that does it, or null when it takes more. */
  static @Nullable Epilogue epilogue(String name, float alpha, float beta) {
    return switch (name) {
      case "" -> Epilogue.NONE;
      case "Relu" -> Epilogue.NONE.withRelu();
      case "Clip" -> Epilogue.NONE.withClip(alpha, beta);
      default -> null;
    };
  }

  /** Applies an activation to a result in place. */
  static void apply(OpContext context, String name, double alpha, double beta, Tensor y) {
    DoubleUnaryOperator function =
        switch (name) {
          case "" -> x -> x;
          case "Relu" -> x -> Math.max(0, x);
          case "Clip" -> x -> Math.max(alpha, Math.min(beta, x));
          case "LeakyRelu" -> x -> x >= 0 ? x : alpha * x;
          case "Tanh" -> Math::tanh;
          case "Sigmoid" -> x -> 1 / (1 + Math.exp(-x));
          case "HardSigmoid" -> x -> Math.max(0, Math.min(1, alpha * x + beta));
          default -> throw context.error("activation '" + name + "' is not known");
        };
    for (long i = 0; i < y.size(); i++) {
      y.setDouble(i, function.applyAsDouble(y.getDouble(i)));
    }
  }
}
