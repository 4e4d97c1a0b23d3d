package io.compresso.kernel.jit.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.ResidualQuantization;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;

/** The scalars that tile code reads from memory: where they lie, and how they are written. */
final class GemmFrame {
  static final int BYTES = 64;

  /** Address of the third operand less that of the output. */
  static final int THIRD = 0;

  static final int INPUT_SCALE = 8;
  static final int INPUT_ZERO_POINT = 12;

  /** Clip bounds; those of 8-bit outputs less the zero point. */
  static final int LOW = 16;

  static final int HIGH = 20;
  static final int OUTPUT_ZERO_POINT = 24;

  /** Bounds of a quantized sum to which a residual is added, less its zero point. */
  static final int SUM_LOW = 28;

  static final int SUM_HIGH = 32;
  static final int SUM_SCALE = 36;
  static final int RESIDUAL_ZERO_POINT = 40;
  static final int RESIDUAL_SCALE = 44;

  private GemmFrame() {}

  /** Writes what is constant over the runs. */
  static void constants(
      MemorySegment frame,
      DType output,
      Epilogue epilogue,
      int outputZeroPoint,
      ResidualQuantization residual) {
    float low = epilogue.low();
    float high = epilogue.high();
    if (output.bits() == 8) {
      float least = output.minValue();
      float most = output.maxValue();
      // Results are whole, so that a bound that is not is the next one towards 0.
      low = (long) Math.clamp(low, least, most) - outputZeroPoint;
      high = (long) Math.clamp(high, least, most) - outputZeroPoint;
      frame.set(JAVA_FLOAT, SUM_LOW, least - residual.sumZeroPoint());
      frame.set(JAVA_FLOAT, SUM_HIGH, most - residual.sumZeroPoint());
    }
    frame.set(JAVA_FLOAT, LOW, low);
    frame.set(JAVA_FLOAT, HIGH, high);
    frame.set(JAVA_INT, OUTPUT_ZERO_POINT, outputZeroPoint);
    frame.set(JAVA_FLOAT, SUM_SCALE, residual.sumScale());
    frame.set(JAVA_INT, RESIDUAL_ZERO_POINT, residual.residualZeroPoint());
    frame.set(JAVA_FLOAT, RESIDUAL_SCALE, residual.residualScale());
  }

  /** Writes what a run brings. */
  static void run(
      MemorySegment frame, MemorySegment third, MemorySegment output, float scale, int zeroPoint) {
    frame.set(JAVA_LONG, THIRD, third.address() - output.address());
    frame.set(JAVA_FLOAT, INPUT_SCALE, scale);
    frame.set(JAVA_INT, INPUT_ZERO_POINT, zeroPoint);
  }
}
