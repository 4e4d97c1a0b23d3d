package io.compresso.kernel;

import io.compresso.tensor.DType;

/**
 * {@code y[i] = f(x[i])} for {@code count} elements of one float type; 16-bit types are computed in
 * single precision and rounded once. The output may be the input itself.
 *
 * @param alpha the function's first parameter
 * @param beta the function's second parameter
 */
public record UnaryProblem(UnaryFunction function, DType type, long count, float alpha, float beta)
    implements Problem {
  public UnaryProblem {
    Sizes.require("count", count);
  }

  /** A function without parameters; {@link UnaryFunction#SWISH} with alpha 1. */
  public static UnaryProblem of(UnaryFunction function, DType type, long count) {
    return new UnaryProblem(function, type, count, 1, 0);
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.UNARY;
  }

  @Override
  public long inputBytes() {
    return type.bytes(count);
  }

  @Override
  public long outputBytes() {
    return type.bytes(count);
  }
}
