package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Activation;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.UnaryProblem;
import io.compresso.tensor.Tensor;

/** Functions of one element, in double precision. */
public final class RefUnary extends RefKernel<UnaryProblem> {
  public RefUnary() {
    super(KernelFamily.UNARY, UnaryProblem.class);
  }

  @Override
  Acceptance accepts(UnaryProblem problem) {
    return Acceptance.when(
        RefElements.isFloat(problem.type()), "elements of type " + problem.type());
  }

  @Override
  void run(UnaryProblem problem, Constants constants, Operands operands, int threads) {
    Tensor x = RefElements.tensor(problem.type(), operands.input(), problem.count());
    Tensor y = RefElements.tensor(problem.type(), operands.output(), problem.count());
    for (long i = 0; i < problem.count(); i++) {
      y.setDouble(i, apply(problem, x.getDouble(i)));
    }
  }

  private static double apply(UnaryProblem problem, double x) {
    float alpha = problem.alpha();
    float beta = problem.beta();
    return switch (problem.function()) {
      case RELU -> Math.max(x, 0);
      case LEAKY_RELU -> x < 0 ? alpha * x : x;
      case CLIP -> Math.min(Math.max(x, alpha), beta);
      case AFFINE -> (float) (alpha * x) + beta;
      case ABS -> Math.abs(x);
      case NEG -> -x;
      case SQRT -> Math.sqrt(x);
      case RECIPROCAL -> 1 / x;
      case FLOOR -> Math.floor(x);
      case CEIL -> Math.ceil(x);
      case ROUND -> Math.rint(x);
      case EXP -> Math.exp(x);
      case LOG -> Math.log(x);
      case ERF -> RefActivation.erf(x);
      case SIGMOID -> sigmoid(x);
      case TANH -> Math.tanh(x);
      case GELU -> RefActivation.apply(Activation.GELU, x);
      case GELU_TANH -> RefActivation.apply(Activation.GELU_TANH, x);
      case SWISH -> x * sigmoid(alpha * x);
      case HARD_SIGMOID -> Math.max(0, Math.min(1, (float) (alpha * x) + beta));
      case HARD_SWISH -> RefActivation.apply(Activation.HARD_SWISH, x);
      case ELU -> x < 0 ? alpha * Math.expm1(x) : x;
      case SOFTPLUS -> softplus(x);
      case SOFTSIGN -> x / (1 + Math.abs(x));
      case MISH -> x * Math.tanh(softplus(x));
    };
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }
}
