package io.compresso.kernel;

import io.compresso.tensor.DType;

/**
 * {@code y[o,j,:] = x[o,index[j],:]}: blocks along an axis, as ONNX {@code Gather}. The indices are
 * the second operand; negative ones count from the end, and one out of range is an {@link
 * IllegalArgumentException} of the run, which then may have written a part of the output.
 *
 * @param outer how many o
 * @param axisSize blocks to choose from
 * @param blockBytes bytes of one block
 * @param count how many indices
 * @param indexType {@code INT32} or {@code INT64}
 */
public record GatherProblem(long outer, long axisSize, long blockBytes, long count, DType indexType)
    implements Problem {
  public GatherProblem {
    Sizes.require("outer", outer);
    Sizes.require("axis", axisSize);
    Sizes.require("block", blockBytes);
    Sizes.require("count", count);
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.GATHER;
  }

  @Override
  public long inputBytes() {
    return Sizes.product(outer, axisSize, blockBytes);
  }

  @Override
  public long secondBytes() {
    return indexType.bytes(count);
  }

  @Override
  public long outputBytes() {
    return Sizes.product(outer, count, blockBytes);
  }
}
