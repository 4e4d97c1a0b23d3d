package io.compresso.kernel.vector;

import static jdk.incubator.vector.VectorOperators.EXP;
import static jdk.incubator.vector.VectorOperators.EXPM1;
import static jdk.incubator.vector.VectorOperators.LOG;
import static jdk.incubator.vector.VectorOperators.LOG1P;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.TANH;

import io.compresso.kernel.UnaryProblem;
import jdk.incubator.vector.FloatVector;

/** The functions of one float, on registers. */
final class VectorFunctions {
  private static final float SQRT_HALF = (float) Math.sqrt(0.5);
  private static final float SQRT_TWO_OVER_PI = (float) Math.sqrt(2 / Math.PI);
  private static final float CUBIC = 0.044715f;

  /** erf rounds to 1 from here on. */
  private static final float ERF_GREATEST = 3.9f;

  /** A quotient of polynomials in the square, to be multiplied by x. */
  private static final float[] ERF_NUMERATOR = {
    1.1283791f,
    0.19817711f,
    0.05034425f,
    0.003632082f,
    0.00014059531f,
    -1.9632132e-6f,
    2.0148711e-8f
  };

  private static final float[] ERF_DENOMINATOR = {
    1, 0.5089616f, 0.11427877f, 0.0142074395f, 0.00094053551f
  };

  private VectorFunctions() {}

  /** The function of each element of the first {@code count} of a block. */
  static void apply(UnaryProblem problem, float[] block, int count) {
    switch (problem.function()) {
      case FLOOR -> {
        for (int i = 0; i < count; i++) {
          block[i] = (float) Math.floor(block[i]);
        }
      }
      case CEIL -> {
        for (int i = 0; i < count; i++) {
          block[i] = (float) Math.ceil(block[i]);
        }
      }
      case ROUND -> {
        for (int i = 0; i < count; i++) {
          block[i] = (float) Math.rint(block[i]);
        }
      }
      default -> {
        for (int i = 0; i < count; i += FloatBlock.SPECIES.length()) {
          apply(problem, FloatBlock.load(block, i)).intoArray(block, i);
        }
      }
    }
  }

  private static FloatVector apply(UnaryProblem problem, FloatVector x) {
    float alpha = problem.alpha();
    float beta = problem.beta();
    return switch (problem.function()) {
      case RELU -> x.max(0);
      case LEAKY_RELU -> x.blend(x.mul(alpha), x.compare(LT, 0));
      case CLIP -> x.max(alpha).min(beta);
      case AFFINE -> x.mul(alpha).add(beta);
      case ABS -> x.abs();
      case NEG -> x.neg();
      case SQRT -> x.sqrt();
      case RECIPROCAL -> x.broadcast(1).div(x);
      case EXP -> x.lanewise(EXP);
      case LOG -> x.lanewise(LOG);
      case ERF -> erf(x);
      case SIGMOID -> sigmoid(x);
      case TANH -> x.lanewise(TANH);
      case GELU -> x.mul(0.5f).mul(erf(x.mul(SQRT_HALF)).add(1));
      case GELU_TANH -> {
        FloatVector inner = x.mul(x).mul(CUBIC).add(1).mul(x).mul(SQRT_TWO_OVER_PI);
        yield x.mul(0.5f).mul(inner.lanewise(TANH).add(1));
      }
      case SWISH -> x.mul(sigmoid(x.mul(alpha)));
      case HARD_SIGMOID -> x.mul(alpha).add(beta).min(1).max(0);
      case HARD_SWISH -> x.mul(x.div(6).add(0.5f).min(1).max(0));
      case ELU -> x.blend(x.lanewise(EXPM1).mul(alpha), x.compare(LT, 0));
      case SOFTPLUS -> softplus(x);
      case SOFTSIGN -> x.div(x.abs().add(1));
      case MISH -> x.mul(softplus(x).lanewise(TANH));
      case FLOOR, CEIL, ROUND -> throw new IllegalStateException(problem.function().toString());
    };
  }

  private static FloatVector sigmoid(FloatVector x) {
    FloatVector one = x.broadcast(1);
    return one.div(x.neg().lanewise(EXP).add(one));
  }

  private static FloatVector softplus(FloatVector x) {
    return x.max(0).add(x.abs().neg().lanewise(EXP).lanewise(LOG1P));
  }

  private static FloatVector erf(FloatVector given) {
    FloatVector x = given.max(-ERF_GREATEST).min(ERF_GREATEST);
    FloatVector square = x.mul(x);
    FloatVector quotient =
        x.mul(polynomial(square, ERF_NUMERATOR)).div(polynomial(square, ERF_DENOMINATOR));
    return quotient.min(1).max(-1);
  }

  private static FloatVector polynomial(FloatVector x, float[] coefficients) {
    FloatVector value = x.broadcast(coefficients[coefficients.length - 1]);
    for (int i = coefficients.length - 2; i >= 0; i--) {
      value = value.fma(x, x.broadcast(coefficients[i]));
    }
    return value;
  }
}
