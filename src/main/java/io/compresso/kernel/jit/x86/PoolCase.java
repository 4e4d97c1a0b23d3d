package io.compresso.kernel.jit.x86;

import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.PoolProblem.Kind;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What the code of pooling has to know of windows with the same taps, in memory. */
final class PoolCase {
  /** The number of taps, 64 bits. */
  static final long TAPS = 0;

  /** The elements that an average counts, a float. */
  static final long COUNT = 8;

  /** What is added to sums of bytes, 32 bits. */
  static final long BIAS = 12;

  /** The factor of sums of bytes, a float. */
  static final long FACTOR = 16;

  /** {@link #BIAS} as a float. */
  static final long FLOAT_BIAS = 20;

  /** The taps' distances from the first one in bytes, 64 bits each. */
  static final long OFFSETS = 24;

  private PoolCase() {}

  /**
   * Writes a case.
   *
   * @param axes those whose taps are listed, outermost first
   * @param runs the taps of each axis
   * @param pitches bytes from one element of an axis to the next
   */
  static MemorySegment create(
      Arena arena,
      PoolProblem problem,
      WeightQuantization quantization,
      SpatialAxis[] axes,
      PoolRuns.Run[] runs,
      long[] pitches) {
    int taps = 1;
    long count = 1;
    for (int i = 0; i < axes.length; i++) {
      taps *= runs[i].taps();
      count *= problem.kind() == Kind.AVERAGE_WITH_PADDING ? axes[i].kernel() : runs[i].taps();
    }
    MemorySegment block = arena.allocate(OFFSETS + 8L * taps, 8);
    block.set(ValueLayout.JAVA_LONG, TAPS, taps);
    block.set(ValueLayout.JAVA_FLOAT, COUNT, count);
    int bias = -taps * quantization.zeroPoint(0);
    block.set(ValueLayout.JAVA_INT, BIAS, bias);
    block.set(ValueLayout.JAVA_FLOAT, FLOAT_BIAS, bias);
    block.set(ValueLayout.JAVA_FLOAT, FACTOR, quantization.scale(0) / count);
    for (int tap = 0; tap < taps; tap++) {
      long offset = 0;
      int rest = tap;
      for (int i = axes.length - 1; i >= 0; i--) {
        offset += (long) (rest % runs[i].taps()) * axes[i].dilation() * pitches[i];
        rest /= runs[i].taps();
      }
      block.set(ValueLayout.JAVA_LONG, OFFSETS + 8L * tap, offset);
    }
    return block;
  }
}
