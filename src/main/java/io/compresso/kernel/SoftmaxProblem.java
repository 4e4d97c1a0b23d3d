package io.compresso.kernel;

import io.compresso.tensor.DType;

/**
 * {@code y[r,i,s] = exp(x[r,i,s] - m) / sum over i of exp(x[r,i,s] - m)} with the greatest element
 * {@code m} of {@code x[r,:,s]}, or the logarithm of that. 16-bit types are computed in single
 * precision. The output may be the input itself.
 *
 * @param rows how many r
 * @param length how many i
 * @param inner how many s, 1 when rows are contiguous
 * @param log whether the logarithm is wanted
 */
public record SoftmaxProblem(DType type, long rows, int length, int inner, boolean log)
    implements Problem {
  public SoftmaxProblem {
    Sizes.require("rows", rows);
    Sizes.require("length", length);
    Sizes.require("inner", inner);
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.SOFTMAX;
  }

  @Override
  public long inputBytes() {
    return type.bytes(Sizes.product(rows, length, inner));
  }

  @Override
  public long outputBytes() {
    return inputBytes();
  }
}
