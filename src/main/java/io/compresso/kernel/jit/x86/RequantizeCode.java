package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import io.compresso.tensor.DType;

/**
 * Generates {@code void f(sums, cross, output, constants, rows, columns, mask)}, which turns 32-bit
 * sums into results. {@code columns} counts whole vectors; the tail that {@code mask} selects comes
 * after them.
 *
 * <p>The constants are three arrays, of one 32-bit value a channel: the factor, the bias of float
 * outputs, and the weights' zero point, by which {@code cross}, the sums of the other operand, are
 * multiplied and subtracted.
 *
 * @param set the registers
 * @param type the output's type
 * @param layout where things lie
 * @param epilogue clip and whether there is a float bias
 * @param zeroPoint of an 8-bit output
 * @param crosses whether weights have zero points
 */
record RequantizeCode(
    VectorSet set, DType type, Layout layout, Epilogue epilogue, int zeroPoint, boolean crosses) {
  /**
   * Strides in elements.
   *
   * @param channels the axis of the channels: rows or columns
   * @param channelCount length of the arrays of constants
   * @param sumStride from one row of sums to the next
   * @param outputStride from one row of results to the next
   * @param tail elements after the last whole vector
   */
  record Layout(BiasAxis channels, int channelCount, long sumStride, long outputStride, int tail) {}

  private static final Gpr SUMS = Gpr.RDI;
  private static final Gpr CROSS = Gpr.RSI;
  private static final Gpr OUTPUT = Gpr.RDX;
  private static final Gpr CONSTANTS = Gpr.RCX;
  private static final Gpr ROWS = Gpr.R8;
  private static final Gpr COLUMNS = Gpr.R9;
  private static final Gpr SUM = Gpr.R10;
  private static final Gpr RESULT = Gpr.R11;
  private static final Gpr CONSTANT = Gpr.R12;
  private static final Gpr COUNT = Gpr.R13;
  private static final Gpr CROSS_AT = Gpr.RBX;
  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.R12, Gpr.R13};
  private static final int MASK_ARGUMENT = 8 + 8 * SAVED.length;

  byte[] generate() {
    Assembler a = new Assembler();
    for (Gpr register : SAVED) {
      a.push(register);
    }
    if (layout.tail() > 0) {
      a.mov(Gpr.RAX, Mem.at(Gpr.RSP, MASK_ARGUMENT));
      set.loadMask(a, Gpr.RAX);
    }
    constants(a);
    Label row = a.here();
    a.mov(SUM, SUMS);
    a.mov(RESULT, OUTPUT);
    a.mov(CONSTANT, CONSTANTS);
    a.mov(CROSS_AT, CROSS);
    if (byRows()) {
      rowConstants(a);
    } else if (crosses) {
      a.vbroadcastss(cross(), Mem.at(CROSS));
    }
    Label tail = new Label();
    a.mov(COUNT, COLUMNS);
    a.test(COUNT, COUNT);
    a.jump(Condition.EQUAL, tail);
    Label column = a.here();
    vector(a, false);
    a.add(SUM, set.length().bytes());
    a.add(RESULT, (long) set.lanes() * outputBytes());
    a.add(byRows() ? CROSS_AT : CONSTANT, set.length().bytes());
    a.dec(COUNT);
    a.jump(Condition.NOT_EQUAL, column);
    a.bind(tail);
    if (layout.tail() > 0) {
      vector(a, true);
    }
    a.add(SUMS, 4 * layout.sumStride());
    a.add(OUTPUT, outputBytes() * layout.outputStride());
    a.add(byRows() ? CONSTANTS : CROSS, 4);
    a.dec(ROWS);
    a.jump(Condition.NOT_EQUAL, row);
    a.vzeroupper();
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
    return a.toBytes();
  }

  private boolean byRows() {
    return layout.channels() == BiasAxis.ROWS;
  }

  private int outputBytes() {
    return type.bits() / 8;
  }

  private boolean isByte() {
    return type.bits() == 8;
  }

  private Vec value() {
    return set.register(0);
  }

  private Vec scratch() {
    return set.register(1);
  }

  private Vec scale() {
    return set.register(2);
  }

  private Vec bias() {
    return set.register(3);
  }

  private Vec weightZeroPoint() {
    return set.register(4);
  }

  private Vec cross() {
    return set.register(5);
  }

  private Vec low() {
    return set.register(6);
  }

  private Vec high() {
    return set.register(7);
  }

  private Vec zero() {
    return set.register(8);
  }

  private void constants(Assembler a) {
    if (isByte()) {
      // Bounds are moved before the rounding, which keeps integers in order.
      broadcast(a, low(), floatBits(Math.max(type.minValue(), epilogue.low()) - zeroPoint));
      broadcast(a, high(), floatBits(Math.min(type.maxValue(), epilogue.high()) - zeroPoint));
      broadcast(a, zero(), zeroPoint);
    } else if (type == DType.FLOAT && epilogue.clips()) {
      broadcast(a, low(), floatBits(epilogue.low()));
      broadcast(a, high(), floatBits(epilogue.high()));
    }
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

  private boolean hasFloatBias() {
    return type == DType.FLOAT && epilogue.bias();
  }

  private void rowConstants(Assembler a) {
    if (type != DType.INT32) {
      a.vbroadcastss(scale(), Mem.at(CONSTANTS));
    }
    if (hasFloatBias()) {
      a.vbroadcastss(bias(), Mem.at(CONSTANTS, 4L * layout.channelCount()));
    }
    if (crosses) {
      a.vbroadcastss(weightZeroPoint(), Mem.at(CONSTANTS, 8L * layout.channelCount()));
    }
  }

  private void vector(Assembler a, boolean masked) {
    set.load(a, value(), Mem.at(SUM), masked);
    if (crosses) {
      if (byRows()) {
        set.load(a, cross(), Mem.at(CROSS_AT), masked);
      } else {
        set.load(a, weightZeroPoint(), Mem.at(CONSTANT, 8L * layout.channelCount()), masked);
      }
      a.vpmulld(scratch(), cross(), weightZeroPoint());
      a.vpsubd(value(), value(), scratch());
    }
    if (type == DType.INT32) {
      set.store(a, Mem.at(RESULT), value(), masked);
      return;
    }
    if (!byRows()) {
      set.load(a, scale(), Mem.at(CONSTANT), masked);
    }
    a.vcvtdq2ps(value(), value());
    a.vmulps(value(), value(), scale());
    if (isByte()) {
      a.vmaxps(value(), value(), low());
      a.vminps(value(), value(), high());
      a.vcvtps2dq(value(), value());
      a.vpaddd(value(), value(), zero());
      storeBytes(a, masked);
      return;
    }
    if (hasFloatBias()) {
      if (!byRows()) {
        set.load(a, bias(), Mem.at(CONSTANT, 4L * layout.channelCount()), masked);
      }
      a.vaddps(value(), value(), bias());
    }
    if (epilogue.clips()) {
      a.vmaxps(value(), low(), value());
      a.vminps(value(), high(), value());
    }
    set.store(a, Mem.at(RESULT), value(), masked);
  }

  private void storeBytes(Assembler a, boolean masked) {
    if (set == VectorSet.AVX512) {
      Encoder.Modifiers modifiers =
          masked ? Encoder.Modifiers.merging(Mask.K1) : Encoder.Modifiers.NONE;
      a.vpmovdb(Mem.at(RESULT), value(), modifiers);
      return;
    }
    Vec low = value().as(Vec.Length.XMM);
    Vec high = scratch().as(Vec.Length.XMM);
    a.vextracti128(high, value());
    a.vpackssdw(low, low, high);
    if (type == DType.UINT8) {
      a.vpackuswb(low, low, low);
    } else {
      a.vpacksswb(low, low, low);
    }
    a.vmovq(Gpr.RAX, low);
    if (!masked) {
      a.mov(Mem.at(RESULT), Gpr.RAX);
      return;
    }
    for (int i = 0; i < layout.tail(); i++) {
      a.movByte(Mem.at(RESULT, i), Gpr.RAX);
      a.shr(Gpr.RAX, 8);
    }
  }
}
