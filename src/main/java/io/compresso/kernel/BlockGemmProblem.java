package io.compresso.kernel;

import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@code C[m,n] = A[m,k] . W[n,k]^T + bias[n]} of floats, with weights quantized in blocks along
 * their depth: {@code W = (q - zero point) * scale}, with one scale and one zero point a block. The
 * weights are constant.
 *
 * <p>{@link Weights#data()} is {@code [n, blocks, block * bits / 8]} bytes of unsigned fields, low
 * bits first; the last block of a row is whole, and what lies behind k is ignored. Channel {@code
 * row * blocks + block} of {@link Weights#quantization()} has the block's scale and zero point.
 * This is the layout of MatMulNBits in ONNX Runtime's operators.
 *
 * @param bits bits of a weight: 4 or 8
 * @param block weights of a block: a power of two from 16 to 256
 * @param bias whether {@link Weights#bias()} is added, n floats
 */
public record BlockGemmProblem(int m, int n, int k, int bits, int block, boolean bias)
    implements Problem {
  private static final int LEAST_BLOCK = 16;
  private static final int GREATEST_BLOCK = 256;

  public BlockGemmProblem {
    if (m < 0 || n < 0 || k < 0) {
      throw new IllegalArgumentException("gemm of m=%d n=%d k=%d".formatted(m, n, k));
    }
    if (bits != 4 && bits != 8) {
      throw new IllegalArgumentException("weights of %d bits, not 4 or 8".formatted(bits));
    }
    if (block < LEAST_BLOCK || block > GREATEST_BLOCK || Integer.bitCount(block) != 1) {
      throw new IllegalArgumentException(
          "blocks of %d weights, not of a power of two from %d to %d"
              .formatted(block, LEAST_BLOCK, GREATEST_BLOCK));
    }
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.BLOCK_GEMM;
  }

  /** Blocks of a row of weights. */
  public int blocks() {
    return Math.ceilDiv(k, block);
  }

  /** Bytes of a row of weights. */
  public long rowBytes() {
    return (long) blocks() * block * bits / 8;
  }

  /**
   * The constant fields.
   *
   * @throws IllegalArgumentException if they are not given
   */
  public static MemorySegment fields(Weights weights) {
    MemorySegment data = weights.data();
    if (data == null) {
      throw new IllegalArgumentException("weights in blocks must be constant");
    }
    return data;
  }

  /** The field of the weight of output {@code row} at {@code depth}. */
  public int field(MemorySegment data, int row, int depth) {
    long bit = (long) depth * bits;
    int packed = data.get(ValueLayout.JAVA_BYTE, row * rowBytes() + bit / 8);
    return packed >> bit % 8 & (1 << bits) - 1;
  }

  /** The channel of the quantization of the weight of output {@code row} at {@code depth}. */
  public int channel(int row, int depth) {
    return row * blocks() + depth / block;
  }

  @Override
  public long inputBytes() {
    return DType.FLOAT.bytes(Sizes.product(m, k));
  }

  @Override
  public long secondBytes() {
    return Sizes.product(n, rowBytes());
  }

  @Override
  public long biasBytes() {
    return bias ? DType.FLOAT.bytes(n) : 0;
  }

  @Override
  public long outputBytes() {
    return DType.FLOAT.bytes(Sizes.product(m, n));
  }

  /** One for each block of weights. */
  @Override
  public int outputChannels() {
    return Math.multiplyExact(n, blocks());
  }
}
