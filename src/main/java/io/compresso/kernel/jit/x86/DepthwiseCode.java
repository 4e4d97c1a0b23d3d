package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.panel.ConvPlanes.Patch;
import io.compresso.tensor.DType;
import java.util.List;

/**
 * Generates {@code void f(input, weights, output, constants, channels, -, plane)} for AVX-512: a
 * convolution of each channel with a filter of its own. The input of a channel is copied into the
 * plane, whose padding is there already, and the sums are made from there.
 *
 * <p>Weights are floats, or signed bytes followed by three of 0. The plane's padding has the
 * input's zero point in all four bytes of an element. The constants of a channel are three 32-bit
 * values: what the sum begins with, the factor, and the bias of float results of 8-bit sums.
 *
 * @param geometry where things lie
 * @param input the input's type
 * @param output the output's type
 * @param epilogue clip and whether there is a float bias
 * @param zeroPoint of an 8-bit output
 */
record DepthwiseCode(
    Geometry geometry, DType input, DType output, Epilogue epilogue, int zeroPoint) {
  /**
   * Sizes in elements.
   *
   * @param patches what of the input goes where in the plane
   * @param taps offsets of the window's elements in the plane
   * @param planeStride from one row of the plane to the next
   * @param inputArea elements of one channel of the input
   * @param rows rows of the output
   * @param columns elements of a row of the output
   */
  record Geometry(
      List<Patch> patches,
      List<Integer> taps,
      int planeStride,
      long inputArea,
      int rows,
      int columns) {}

  private static final VectorSet SET = VectorSet.AVX512;
  private static final int LANES = 16;
  private static final int FIRST_WEIGHT = 10;
  private static final int MOST_TAPS = 32 - FIRST_WEIGHT;
  private static final int MOST_VECTORS = 24;
  private static final int MOST_PATCHES = 8;
  private static final int CONSTANT_BYTES = 12;

  private static final Gpr INPUT = Gpr.RDI;
  private static final Gpr WEIGHTS = Gpr.RSI;
  private static final Gpr OUTPUT = Gpr.RDX;
  private static final Gpr CONSTANTS = Gpr.RCX;
  private static final Gpr CHANNELS = Gpr.R8;
  private static final Gpr PLANE = Gpr.R9;
  private static final Gpr FROM = Gpr.R10;
  private static final Gpr TO = Gpr.R11;
  private static final Gpr ROWS = Gpr.RAX;
  private static final int PLANE_ARGUMENT = 8;

  private static final Vec SUM = Vec.zmm(0);
  private static final Vec START = Vec.zmm(1);
  private static final Vec SCALE = Vec.zmm(2);
  private static final Vec BIAS = Vec.zmm(3);
  private static final Vec LOW = Vec.zmm(4);
  private static final Vec HIGH = Vec.zmm(5);
  private static final Vec ZERO = Vec.zmm(6);
  private static final Vec FLIP = Vec.zmm(7);
  private static final Vec ELEMENTS = Vec.zmm(8);

  /** Bytes of the plane's memory: rows are read by whole vectors, also at its end. */
  static long planeBytes(long elements) {
    return 4 * elements + SET.length().bytes();
  }

  /** Whether there is code for the sizes. */
  static boolean accepts(Geometry geometry) {
    boolean patches = geometry.patches().size() <= MOST_PATCHES;
    for (Patch patch : geometry.patches()) {
      patches &= patch.columnStep() <= 2 && patch.columns() <= MOST_VECTORS * LANES / 2;
    }
    return patches
        && geometry.taps().size() <= MOST_TAPS
        && geometry.columns() <= MOST_VECTORS * LANES;
  }

  byte[] generate() {
    Assembler a = new Assembler();
    a.mov(PLANE, Mem.at(Gpr.RSP, PLANE_ARGUMENT));
    prologue(a);
    Label channel = a.here();
    for (Patch patch : geometry.patches()) {
      fill(a, patch);
    }
    sums(a);
    a.add(INPUT, geometry.inputArea() * input.bits() / 8);
    a.add(WEIGHTS, 4L * geometry.taps().size());
    a.add(OUTPUT, (long) geometry.rows() * geometry.columns() * output.bits() / 8);
    a.add(CONSTANTS, CONSTANT_BYTES);
    a.dec(CHANNELS);
    a.jump(Condition.NOT_EQUAL, channel);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  private boolean isByteInput() {
    return input.bits() == 8;
  }

  private boolean isByteOutput() {
    return output.bits() == 8;
  }

  private void prologue(Assembler a) {
    if (isByteOutput()) {
      broadcast(a, LOW, floatBits(Math.max(output.minValue(), epilogue.low()) - zeroPoint));
      broadcast(a, HIGH, floatBits(Math.min(output.maxValue(), epilogue.high()) - zeroPoint));
      broadcast(a, ZERO, zeroPoint);
    } else {
      broadcast(a, LOW, floatBits(epilogue.low()));
      broadcast(a, HIGH, floatBits(epilogue.high()));
    }
    broadcast(a, FLIP, input == DType.INT8 ? 0x80 : 0);
  }

  private static int floatBits(float value) {
    return Float.floatToRawIntBits(value);
  }

  private static void broadcast(Assembler a, Vec target, int bits) {
    Vec first = target.as(Vec.Length.XMM);
    a.mov(Gpr.RAX, Integer.toUnsignedLong(bits));
    a.vmovd(first, Gpr.RAX);
    a.vbroadcastss(target, first);
  }

  private static void mask(Assembler a, Mask target, int count) {
    a.mov(Gpr.RAX, (1L << count) - 1);
    a.kmovd(target, Gpr.RAX);
  }

  /** Copies a patch of the input into the plane. */
  private void fill(Assembler a, Patch patch) {
    int step = patch.columnStep();
    int bytes = input.bits() / 8;
    int lanes = !isByteInput() && step == 2 ? LANES / 2 : LANES;
    int vectors = Math.ceilDiv(patch.columns(), lanes);
    int last = patch.columns() - (vectors - 1) * lanes;
    // The elements between those that are copied are read as well, but none after the last.
    mask(a, Mask.K1, (last - 1) * step + 1);
    mask(a, Mask.K2, last);
    a.lea(FROM, Mem.at(INPUT, patch.source() * bytes));
    a.lea(TO, Mem.at(PLANE, 4 * patch.target()));
    a.mov(ROWS, patch.rows());
    Label row = a.here();
    for (int v = 0; v < vectors; v++) {
      Mem source = Mem.at(FROM, (long) v * lanes * step * bytes);
      Mem target = Mem.at(TO, 4L * v * lanes);
      boolean isLast = v == vectors - 1;
      copy(
          a,
          source,
          target,
          step,
          isLast ? Modifiers.zeroing(Mask.K1) : Modifiers.NONE,
          isLast ? Modifiers.merging(Mask.K2) : Modifiers.NONE);
    }
    a.add(FROM, patch.rowStep() * bytes);
    a.add(TO, 4L * geometry.planeStride());
    a.dec(ROWS);
    a.jump(Condition.NOT_EQUAL, row);
  }

  private void copy(
      Assembler a, Mem source, Mem target, int step, Modifiers load, Modifiers store) {
    if (!isByteInput()) {
      a.vmovups(SUM, source, load);
      if (step == 1) {
        a.vmovups(target, SUM, store);
      } else {
        a.vpmovqd(target, SUM, store);
      }
      return;
    }
    if (step == 1) {
      a.vpmovzxbd(SUM, source, load);
    } else {
      Vec half = SUM.as(Vec.Length.YMM);
      a.vmovdqu8(half, source, load);
      a.vpmovzxwd(SUM, half);
      a.vpslld(SUM, SUM, 24);
      a.vpsrld(SUM, SUM, 24);
    }
    if (input == DType.INT8) {
      a.vpxor(SUM, SUM, FLIP);
    }
    a.vmovups(target, SUM, store);
  }

  private void sums(Assembler a) {
    int taps = geometry.taps().size();
    for (int tap = 0; tap < taps; tap++) {
      a.vbroadcastss(weight(tap), Mem.at(WEIGHTS, 4L * tap));
    }
    a.vbroadcastss(START, Mem.at(CONSTANTS));
    a.vbroadcastss(SCALE, Mem.at(CONSTANTS, 4));
    a.vbroadcastss(BIAS, Mem.at(CONSTANTS, 8));
    int vectors = Math.ceilDiv(geometry.columns(), LANES);
    mask(a, Mask.K1, geometry.columns() - (vectors - 1) * LANES);
    a.mov(FROM, PLANE);
    a.mov(TO, OUTPUT);
    a.mov(ROWS, geometry.rows());
    Label row = a.here();
    for (int v = 0; v < vectors; v++) {
      a.vmovaps(SUM, START);
      for (int tap = 0; tap < taps; tap++) {
        Mem element = Mem.at(FROM, 4 * ((long) geometry.taps().get(tap) + v * LANES));
        if (isByteInput()) {
          a.vmovups(ELEMENTS, element);
          a.vpdpbusd(SUM, ELEMENTS, weight(tap));
        } else {
          a.vfmadd231ps(SUM, weight(tap), element, Modifiers.NONE);
        }
      }
      boolean isLast = v == vectors - 1;
      store(a, v, isLast ? Modifiers.merging(Mask.K1) : Modifiers.NONE);
    }
    a.add(FROM, 4L * geometry.planeStride());
    a.add(TO, (long) geometry.columns() * output.bits() / 8);
    a.dec(ROWS);
    a.jump(Condition.NOT_EQUAL, row);
  }

  private static Vec weight(int tap) {
    return Vec.zmm(FIRST_WEIGHT + tap);
  }

  private void store(Assembler a, int vector, Modifiers modifiers) {
    Mem target = Mem.at(TO, (long) vector * LANES * output.bits() / 8);
    if (isByteInput() && output != DType.INT32) {
      a.vcvtdq2ps(SUM, SUM);
      a.vmulps(SUM, SUM, SCALE);
    }
    if (isByteOutput()) {
      a.vmaxps(SUM, SUM, LOW);
      a.vminps(SUM, SUM, HIGH);
      a.vcvtps2dq(SUM, SUM);
      a.vpaddd(SUM, SUM, ZERO);
      a.vpmovdb(target, SUM, modifiers);
      return;
    }
    if (output == DType.FLOAT) {
      if (isByteInput() && epilogue.bias()) {
        a.vaddps(SUM, SUM, BIAS);
      }
      if (epilogue.clips()) {
        a.vmaxps(SUM, LOW, SUM);
        a.vminps(SUM, HIGH, SUM);
      }
    }
    a.vmovups(target, SUM, modifiers);
  }
}
