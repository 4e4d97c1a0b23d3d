package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Activation;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.ProductProblem;

/** {@link Activation}s in double precision. */
public final class RefActivation {
  private static final double SQRT_HALF = Math.sqrt(0.5);
  private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);
  private static final double SQRT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);

  private RefActivation() {}

  /** Whether the epilogue means something for the output's type. */
  static Acceptance accepts(ProductProblem problem) {
    boolean floats = problem.types().output().isFloat();
    Epilogue epilogue = problem.epilogue();
    boolean bytes = problem.types().isInt8() && problem.types().output().bits() == 8;
    return Acceptance.when(
            floats || epilogue.activation() == Activation.NONE,
            "activation " + epilogue.activation() + " of integers")
        .and(
            Acceptance.when(
                switch (epilogue.residual()) {
                  case NONE -> true;
                  case ADDED -> floats || bytes;
                  case ADDED_TO_QUANTIZED -> bytes;
                },
                "residual %s of %s".formatted(epilogue.residual(), problem.types().output())));
  }

  /** The function of {@code x}. */
  public static double apply(Activation activation, double x) {
    return switch (activation) {
      case NONE -> x;
      case SIGMOID -> sigmoid(x);
      case TANH -> Math.tanh(x);
      case GELU -> 0.5 * x * (1 + erf(x * SQRT_HALF));
      case GELU_TANH -> 0.5 * x * (1 + Math.tanh(SQRT_TWO_OVER_PI * (x + 0.044715 * x * x * x)));
      case SWISH -> x * sigmoid(x);
      case HARD_SWISH -> x * Math.clamp(x / 6 + 0.5, 0, 1);
    };
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /**
   * The error function, by its series of positive terms (Abramowitz and Stegun, 7.1.6): {@code 2 /
   * sqrt(pi) * exp(-x^2) * sum of 2^n * x^(2n+1) / (1 * 3 * ... * (2n+1))}.
   */
  static double erf(double x) {
    if (!(Math.abs(x) < 6)) {
      return Double.isNaN(x) ? x : Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > Math.abs(sum) * 0x1p-54; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum;
  }
}
