package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.nhwc.WinogradTransform;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Generates {@code void f(filters, largest, target, factors, channels, positionBytes,
 * channelBytes)} for AVX-512, which transforms filters {@code [channel][tap][16 lanes]}, at least
 * of one channel. The factors are those of {@link #factors}.
 *
 * @param outputs of a side of a tile
 */
record WinogradFilterCode(int outputs) {
  private static final int TAPS = WinogradTransform.TAPS;
  private static final int AREA = TAPS * TAPS;
  private static final int VECTOR_BYTES = 64;
  private static final int HALF_BYTES = VECTOR_BYTES / 2;
  private static final int SUMS = AREA + TAPS;
  private static final int SUM_REGISTERS = 4;
  private static final Vec MAGNITUDE = Vec.zmm(28);
  private static final Vec VALUE = Vec.zmm(29);
  private static final Vec LARGEST = Vec.zmm(30);

  private static final Gpr FILTERS = Gpr.RDI;
  private static final Gpr LARGEST_AT = Gpr.RSI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr FACTORS = Gpr.RCX;
  private static final Gpr CHANNELS = Gpr.R8;
  private static final Gpr POSITION = Gpr.R9;
  private static final Gpr CHANNEL = Gpr.RAX;
  private static final Gpr TO = Gpr.R10;

  /** What the code takes from memory. */
  MemorySegment factors() {
    double[][] matrix = WinogradTransform.of(outputs).filter();
    MemorySegment factors = Arena.ofAuto().allocate(8L * TAPS * matrix.length, VECTOR_BYTES);
    for (int i = 0; i < TAPS * matrix.length; i++) {
      factors.setAtIndex(ValueLayout.JAVA_DOUBLE, i, matrix[i / TAPS][i % TAPS]);
    }
    return factors;
  }

  byte[] generate() {
    ElementAssembler a = new ElementAssembler();
    double[][] matrix = WinogradTransform.of(outputs).filter();
    a.mov(CHANNEL, Mem.at(Gpr.RSP, 8));
    a.vmovups(LARGEST, Mem.at(LARGEST_AT));
    a.mov(TO, Integer.MAX_VALUE);
    a.vmovd(MAGNITUDE.as(Vec.Length.XMM), TO);
    a.vbroadcastss(MAGNITUDE, MAGNITUDE.as(Vec.Length.XMM));
    Label channel = a.here();
    for (int tap = 0; tap < AREA; tap++) {
      a.vmovups(VALUE, Mem.at(FILTERS, (long) tap * VECTOR_BYTES));
      a.vpand(VALUE, VALUE, MAGNITUDE);
      a.vpmaxsd(LARGEST, LARGEST, VALUE);
    }
    for (int half = 0; half < VECTOR_BYTES; half += HALF_BYTES) {
      for (int tap = 0; tap < AREA; tap++) {
        a.vcvtps2pd(Vec.zmm(tap), Mem.at(FILTERS, (long) tap * VECTOR_BYTES + half));
      }
      a.lea(TO, Mem.at(TARGET, half));
      half(a, matrix);
    }
    a.add(FILTERS, (long) AREA * VECTOR_BYTES);
    a.add(TARGET, CHANNEL);
    a.dec(CHANNELS);
    a.jump(Condition.NOT_EQUAL, channel);
    a.vmovups(Mem.at(LARGEST_AT), LARGEST);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  /** The filters of eight lanes. */
  private static void half(ElementAssembler a, double[][] matrix) {
    for (int p = 0; p < matrix.length; p++) {
      Vec[] columns = new Vec[TAPS];
      for (int x = 0; x < TAPS; x++) {
        Vec[] taps = {Vec.zmm(x), Vec.zmm(TAPS + x), Vec.zmm(2 * TAPS + x)};
        columns[x] = combined(a, matrix, p, taps, Vec.zmm(AREA + x));
      }
      for (int q = 0; q < matrix.length; q++) {
        Vec target = Vec.zmm(SUMS + q % SUM_REGISTERS);
        Vec sum = combined(a, matrix, q, columns, target);
        Vec rounded = target.as(Vec.Length.YMM);
        a.vcvtpd2ps(rounded, sum);
        a.vmovups(Mem.at(TO), rounded);
        a.add(TO, POSITION);
      }
    }
  }

  /** The values times one row of the matrix; where that is one value itself, its register. */
  private static Vec combined(
      ElementAssembler a, double[][] matrix, int row, Vec[] values, Vec target) {
    boolean begun = false;
    for (int i = 0; i < TAPS; i++) {
      double factor = matrix[row][i];
      boolean alone = !begun && factor == 1;
      for (int j = i + 1; j < TAPS; j++) {
        alone &= matrix[row][j] == 0;
      }
      if (alone) {
        return values[i];
      }
      Mem at = Mem.at(FACTORS, 8L * (row * TAPS + i));
      if (factor != 0 && begun) {
        a.vfmadd231pd(target, values[i], at, Modifiers.BROADCAST);
      } else if (factor != 0) {
        a.vmulpd(target, values[i], at, Modifiers.BROADCAST);
        begun = true;
      }
    }
    return target;
  }
}
