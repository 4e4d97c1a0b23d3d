package io.compresso.kernel;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one run. All segments are native, of exactly the problem's sizes; the output must
 * not overlap the others unless the problem says so.
 *
 * @param input the input operand
 * @param second the second operand: the weights of products that were prepared without, the right
 *     side of binary operations
 * @param third the third operand: the residual of products
 * @param output the result
 * @param inputZeroPoint zero point of an 8-bit input
 * @param inputScale scale of an 8-bit input, a factor of float outputs only
 */
public record Operands(
    MemorySegment input,
    @Nullable MemorySegment second,
    @Nullable MemorySegment third,
    MemorySegment output,
    int inputZeroPoint,
    float inputScale) {
  /** An input and an output. */
  public static Operands of(MemorySegment input, MemorySegment output) {
    return new Operands(input, null, null, output, 0, 1);
  }

  /** Two operands and an output. */
  public static Operands of(MemorySegment input, MemorySegment second, MemorySegment output) {
    return new Operands(input, second, null, output, 0, 1);
  }

  public Operands withThird(@Nullable MemorySegment newThird) {
    return new Operands(input, second, newThird, output, inputZeroPoint, inputScale);
  }

  public Operands withInputQuantization(int zeroPoint, float scale) {
    return new Operands(input, second, third, output, zeroPoint, scale);
  }

  /**
   * Checks the segments against the problem.
   *
   * @param constantWeights whether the kernel has its weights already, so that no second operand is
   *     looked for
   * @throws IllegalArgumentException if a segment is missing, not native or of another size
   */
  public void require(Problem problem, boolean constantWeights) {
    requireSegment("input", input, problem.inputBytes());
    requireSegment("output", output, problem.outputBytes());
    if (!constantWeights) {
      requireSegment("second operand", second, problem.secondBytes());
    }
    requireSegment("third operand", third, problem.thirdBytes());
  }

  private static void requireSegment(String name, @Nullable MemorySegment segment, long bytes) {
    if (segment == null) {
      if (bytes != 0) {
        throw new IllegalArgumentException("the %s of %d bytes is missing".formatted(name, bytes));
      }
      return;
    }
    if (segment.byteSize() != bytes || !segment.isNative()) {
      throw new IllegalArgumentException(
          "%s must be %d bytes of native memory, not %d%s"
              .formatted(
                  name, bytes, segment.byteSize(), segment.isNative() ? "" : " on the heap"));
    }
  }
}
