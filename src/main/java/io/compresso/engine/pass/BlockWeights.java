package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Constant weights of 4 or 8 bits that products of floats dequantize, as a whole, by output channel
 * or in blocks along the depth, in the form of {@code MatMulNBits}.
 *
 * @param values the integers, {@code [depth, channels]} or transposed
 * @param scales one, one a channel, or as many as blocks have channels, laid out like the values
 * @param zeroPoints as many as the scales, null for 0
 * @param transposed whether the values lie as {@code [channels, depth]}
 * @param given depth of the blocks in which they are quantized
 * @param block depth of the blocks that come of them, a power of two from 16 to 256
 */
record BlockWeights(
    Tensor values,
    Tensor scales,
    @Nullable Tensor zeroPoints,
    boolean transposed,
    long given,
    int block) {
  private static final int LEAST_BLOCK = 16;
  private static final int GREATEST_BLOCK = 256;

  /**
   * The weights that a float matrix was dequantized from; null if it was not, or was in another
   * way.
   *
   * @param transposed whether its rows are the output channels
   */
  static @Nullable BlockWeights from(GraphView view, @Nullable String floats, boolean transposed) {
    Node node = view.producer(floats);
    if (node != null && node.is("Transpose") && view.rank(node.input(0)) == 2) {
      Node before = view.producer(node.input(0));
      return of(view, before, (order(node)[0] == 1) != transposed);
    }
    return of(view, node, transposed);
  }

  /** The order of axes of a transposition of a matrix. */
  private static long[] order(Node transpose) {
    return transpose.intsAttribute("perm", new long[] {1, 0});
  }

  private static @Nullable BlockWeights of(
      GraphView view, @Nullable Node node, boolean transposed) {
    if (node == null || !Quantized.is(node, "DequantizeLinear")) {
      return null;
    }
    Tensor scales = view.floats(node.input(1));
    Node moved = view.producer(node.input(0));
    if (moved != null
        && moved.is("Transpose")
        && scales != null
        && scales.size() == 1
        && view.rank(moved.input(0)) == 2
        && order(moved)[0] == 1) {
      return of(view, node, moved.input(0), !transposed);
    }
    return of(view, node, node.input(0), transposed);
  }

  private static @Nullable BlockWeights of(
      GraphView view, Node node, @Nullable String integers, boolean transposed) {
    Tensor values = view.constant(integers);
    Tensor scales = view.floats(node.input(1));
    Tensor zeroPoints = view.constant(node.input(2));
    long output = node.intAttribute("output_dtype", 0);
    if (values == null
        || values.shape().rank() != 2
        || values.size() == 0
        || bits(values.dtype()) == 0
        || scales == null
        || output != 0 && output != DType.FLOAT.code()
        || node.input(2) != null
            && (zeroPoints == null
                || zeroPoints.size() != scales.size()
                || zeroPoints.dtype() != values.dtype())) {
      return null;
    }
    int depthAxis = transposed ? 1 : 0;
    long depth = values.shape().dim(depthAxis);
    long channels = values.shape().dim(1 - depthAxis);
    long axis = node.intAttribute("axis", 1);
    axis = axis < 0 ? axis + 2 : axis;
    long given = node.intAttribute("block_size", 0);
    if (given == 0) {
      boolean perChannel =
          scales.shape().rank() == 1 && scales.size() == channels && axis != depthAxis;
      if (scales.size() != 1 && !perChannel) {
        return null;
      }
      return new BlockWeights(values, scales, zeroPoints, transposed, depth, best(depth));
    }
    Shape expected = values.shape().with(depthAxis, Math.ceilDiv(depth, given));
    int block = given >= depth ? best(depth) : Math.toIntExact(Long.lowestOneBit(given));
    if (axis != depthAxis || !scales.shape().equals(expected) || block < LEAST_BLOCK) {
      return null;
    }
    return new BlockWeights(
        values, scales, zeroPoints, transposed, given, Math.min(block, GREATEST_BLOCK));
  }

  private static int bits(DType type) {
    return switch (type) {
      case INT4, UINT4 -> 4;
      case INT8, UINT8 -> 8;
      default -> 0;
    };
  }

  /** The largest block that pads the depth least. */
  private static int best(long depth) {
    int best = GREATEST_BLOCK;
    for (int block = GREATEST_BLOCK; block >= LEAST_BLOCK; block /= 2) {
      if (Math.ceilDiv(depth, block) * block < Math.ceilDiv(depth, best) * best) {
        best = block;
      }
    }
    return best;
  }

  int bits() {
    return bits(values.dtype());
  }

  int depth() {
    return Math.toIntExact(values.shape().dim(transposed ? 1 : 0));
  }

  int channels() {
    return Math.toIntExact(values.shape().dim(transposed ? 0 : 1));
  }

  private int blocks() {
    return Math.ceilDiv(depth(), block);
  }

  /** What moves signed fields to unsigned ones. */
  private int flip() {
    return values.dtype().isSigned() ? 1 << (bits() - 1) : 0;
  }

  /** The fields, unsigned and low bits first: {@code [channels, blocks, block * bits / 8]}. */
  Tensor fields() {
    int bits = bits();
    int depth = depth();
    int channels = channels();
    long rowBytes = (long) blocks() * block * bits / 8;
    Tensor result =
        Tensor.allocate(DType.UINT8, Shape.of(channels, blocks(), (long) block * bits / 8));
    int flip = flip();
    int mask = (1 << bits) - 1;
    byte[] row = new byte[Math.toIntExact(rowBytes)];
    for (int channel = 0; channel < channels; channel++) {
      Arrays.fill(row, (byte) 0);
      for (int i = 0; i < depth; i++) {
        long at = transposed ? (long) channel * depth + i : (long) i * channels + channel;
        int field = (int) values.getLong(at) + flip & mask;
        row[i * bits / 8] |= (byte) (field << i * bits % 8);
      }
      MemorySegment.copy(
          row, 0, result.segment(), ValueLayout.JAVA_BYTE, channel * rowBytes, row.length);
    }
    return result;
  }

  /** The scale of each block: {@code [channels * blocks]}. */
  Tensor blockScales() {
    int blocks = blocks();
    Tensor result = Tensor.allocate(DType.FLOAT, Shape.of((long) channels() * blocks));
    for (int i = 0; i < result.size(); i++) {
      result.setFloat(i, scales.getFloat(at(i / blocks, i % blocks)));
    }
    return result;
  }

  /** The zero points, packed like the fields; null where they are the middle of the range. */
  @Nullable Tensor blockZeroPoints() {
    int bits = bits();
    int blocks = blocks();
    int flip = flip();
    int mask = (1 << bits) - 1;
    if (zeroPoints == null && flip != 0) {
      return null;
    }
    int rowBytes = Math.ceilDiv(blocks * bits, 8);
    Tensor result = Tensor.allocate(DType.UINT8, Shape.of(channels(), rowBytes));
    for (int channel = 0; channel < channels(); channel++) {
      for (int b = 0; b < blocks; b++) {
        long zero = zeroPoints == null ? 0 : zeroPoints.getLong(at(channel, b));
        long field = zero + flip & mask;
        long at = (long) channel * rowBytes + b * bits / 8;
        result.setLong(at, result.getLong(at) | field << b * bits % 8);
      }
    }
    return result;
  }

  /** Which scale that of a block is. */
  private long at(int channel, int b) {
    if (scales.size() == 1) {
      return 0;
    }
    long of = (long) b * block / given;
    long count = scales.size() / channels();
    return transposed ? channel * count + of : of * channels() + channel;
  }
}
