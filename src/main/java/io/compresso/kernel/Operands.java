package io.compresso.kernel;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one run. All segments are native, of exactly the problem's sizes; the output must
 * not overlap the others.
 *
 * @param input the input operand
 * @param weights the weight operand of kernels that were prepared without
 * @param output the result
 * @param inputZeroPoint zero point of an 8-bit input
 * @param inputScale scale of an 8-bit input, a factor of float outputs only
 */
public record Operands(
    MemorySegment input,
    @Nullable MemorySegment weights,
    MemorySegment output,
    int inputZeroPoint,
    float inputScale) {
  /** Operands of a kernel with constant weights. */
  public static Operands of(MemorySegment input, MemorySegment output) {
    return new Operands(input, null, output, 0, 1);
  }

  /** Operands of a kernel that was prepared without weights. */
  public static Operands of(MemorySegment input, MemorySegment weights, MemorySegment output) {
    return new Operands(input, weights, output, 0, 1);
  }

  public Operands withInputQuantization(int zeroPoint, float scale) {
    return new Operands(input, weights, output, zeroPoint, scale);
  }

  /**
   * Checks the segments against the problem.
   *
   * @param constantWeights whether the kernel has its weights already
   * @throws IllegalArgumentException if a segment is missing, not native or of another size
   */
  public void require(Problem problem, boolean constantWeights) {
    requireSegment("input", input, problem.inputBytes());
    requireSegment("output", output, problem.outputBytes());
    if (!constantWeights) {
      if (weights == null) {
        throw new IllegalArgumentException("the kernel was prepared without weights: give them");
      }
      requireSegment("weights", weights, problem.weightBytes());
    }
  }

  private static void requireSegment(String name, MemorySegment segment, long bytes) {
    if (segment.byteSize() != bytes || !segment.isNative()) {
      throw new IllegalArgumentException(
          "%s must be %d bytes of native memory, not %d%s"
              .formatted(
                  name, bytes, segment.byteSize(), segment.isNative() ? "" : " on the heap"));
    }
  }
}
