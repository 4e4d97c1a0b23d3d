package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.jit.x86.LinearCode.Elements;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.LinearProgram;
import io.compresso.kernel.nhwc.WinogradBackend.InputShape;
import io.compresso.kernel.nhwc.WinogradTransform;
import io.compresso.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Generates {@code void f(input, rows, target, zeroPoint, tiles, -, -)}, which transforms tiles of
 * the input, first their columns, then their rows; what lies between is on the stack. Bytes become
 * words, of which the zero point is subtracted: in tiles without padding beside them at the end,
 * from the one transformed value to which a constant contributes.
 */
record WinogradInputCode(VectorSet set, Arithmetic arithmetic, InputShape shape) {
  /** The only row of the exact {@code B^T} whose sum is not 0: that of point 1. */
  private static final int CONSTANT_ROW = 1;

  private static final Gpr INPUT = Gpr.RDI;
  private static final Gpr ROWS = Gpr.RSI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr ZERO_POINT = Gpr.RCX;
  private static final Gpr TILES = Gpr.R8;
  private static final Gpr CHANNEL = Gpr.RSI;
  private static final Gpr VALUES = Gpr.RDI;
  private static final Gpr COUNT = Gpr.RCX;
  private static final Gpr FACTORS = Gpr.RAX;
  private static final Gpr FRAME = Gpr.RBP;
  private static final Gpr[] POINTERS = {Gpr.RBX, Gpr.R9, Gpr.R10, Gpr.R11, Gpr.R12, Gpr.R13};
  private static final Gpr[] SAVED = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13};

  byte[] generate() {
    ElementAssembler a = new ElementAssembler();
    WinogradTransform transform = WinogradTransform.of(arithmetic, shape.outputs());
    int size = transform.size();
    for (Gpr register : SAVED) {
      a.push(register);
    }
    a.mov(FRAME, Gpr.RSP);
    a.and(Gpr.RSP, -64);
    a.add(Gpr.RSP, -(long) size * size * vectorBytes());
    for (int i = 0; i < size; i++) {
      a.mov(POINTERS[i], Mem.at(ROWS, 8L * i));
      a.add(POINTERS[i], INPUT);
    }
    if (arithmetic.isInteger()) {
      a.vmovd(zeroPoint().as(Vec.Length.XMM), ZERO_POINT);
      a.vbroadcastss(zeroPoint(), zeroPoint().as(Vec.Length.XMM));
    }
    int tail = shape.channels() % vectorChannels();
    set.loadTailMask(a, tail);
    LinearProgram columns = transform.inputProgram();
    LinearProgram rows = columns.within(shape.fromColumn(), shape.toColumn());
    LinearCode code =
        arithmetic.isInteger()
            ? LinearCode.ofIntegers(a, set, Elements.WORDS)
            : new LinearCode(
                a, set, FACTORS, List.of(columns, rows), set == VectorSet.AVX512 ? 32 : 0);
    code.loadFactors();
    Label tile = a.here();
    a.mov(CHANNEL, 0);
    a.mov(VALUES, TARGET);
    int vectors = shape.channels() / vectorChannels();
    if (vectors > 0) {
      a.mov(COUNT, vectors);
      Label vector = a.here();
      vector(a, code, columns, rows, false);
      a.add(CHANNEL, (long) vectorChannels() * elementBytes());
      a.add(VALUES, vectorBytes());
      a.dec(COUNT);
      a.jump(Condition.NOT_EQUAL, vector);
    }
    if (tail > 0) {
      vector(a, code, columns, rows, true);
    }
    for (int i = 0; i < size; i++) {
      a.add(POINTERS[i], shape.outputs() * shape.pixelBytes());
    }
    a.add(TARGET, shape.tileBytes());
    a.dec(TILES);
    a.jump(Condition.NOT_EQUAL, tile);
    a.vzeroupper();
    a.mov(Gpr.RSP, FRAME);
    for (int i = SAVED.length - 1; i >= 0; i--) {
      a.pop(SAVED[i]);
    }
    a.ret();
    return a.toBytes();
  }

  /** Whether there is code that loads the channels of a pixel. */
  static boolean takes(VectorSet set, DType type, int channels) {
    int lanes = type.bits() == 8 ? 2 * set.lanes() : set.lanes();
    return type == DType.FLOAT || set == VectorSet.AVX512 || channels % lanes == 0;
  }

  /** Whether zero points of bytes are subtracted at the end. */
  private boolean isInner() {
    return arithmetic.isInteger()
        && shape.fromColumn() == 0
        && shape.toColumn() == WinogradTransform.of(arithmetic, shape.outputs()).size();
  }

  /** What the zero point is taken times. */
  int zeroPointFactor() {
    double[] row = WinogradTransform.of(arithmetic, shape.outputs()).input()[CONSTANT_ROW];
    int sum = (int) Arrays.stream(row).sum();
    return isInner() ? sum * sum : 1;
  }

  private int vectorChannels() {
    return set.lanes() * arithmetic.grain();
  }

  private Vec zeroPoint() {
    return set.register(15);
  }

  private int vectorBytes() {
    return set.length().bytes();
  }

  private int elementBytes() {
    return shape.type().bits() / 8;
  }

  private List<Vec> free() {
    List<Vec> free = new ArrayList<>();
    for (int i = 0; i < 15; i++) {
      free.add(set.register(i));
    }
    return free;
  }

  private void vector(
      ElementAssembler a,
      LinearCode code,
      LinearProgram columns,
      LinearProgram rows,
      boolean tail) {
    int size = columns.inputs();
    for (int column = shape.fromColumn(); column < shape.toColumn(); column++) {
      long at = column * shape.pixelBytes();
      int j = column;
      code.emit(
          columns,
          free(),
          new LinearCode.Values() {
            @Override
            public void load(Vec target, int input) {
              loadPixels(a, target, Mem.at(POINTERS[input], CHANNEL, 1, at), tail);
            }

            @Override
            public void result(int output, Vec value) {
              a.vmovups(between(output, j, size), value);
            }
          });
    }
    for (int row = 0; row < size; row++) {
      int i = row;
      code.emit(
          rows,
          free(),
          new LinearCode.Values() {
            @Override
            public void load(Vec target, int input) {
              a.vmovups(target, between(i, input, size));
            }

            @Override
            public void result(int output, Vec value) {
              if (isInner() && i == CONSTANT_ROW && output == CONSTANT_ROW) {
                a.vpsubw(value, value, zeroPoint());
              }
              a.vmovups(value(i * size + output), value);
            }
          });
      for (int output = 0; output < size; output++) {
        if (rows.outputs().get(output) == LinearProgram.ZERO) {
          Vec zero = set.register(0);
          a.vpxor(zero, zero, zero);
          a.vmovups(value(i * size + output), zero);
        }
      }
    }
  }

  private Mem between(int row, int column, int size) {
    return Mem.at(Gpr.RSP, (long) (row * size + column) * vectorBytes());
  }

  private Mem value(int position) {
    return Mem.at(VALUES, position * shape.positionBytes());
  }

  private void loadPixels(ElementAssembler a, Vec target, Mem source, boolean tail) {
    if (arithmetic.isInteger()) {
      Modifiers modifiers = tail ? Modifiers.zeroing(Mask.K1) : Modifiers.NONE;
      if (shape.type() == DType.UINT8) {
        a.vpmovzxbw(target, source, modifiers);
      } else {
        a.vpmovsxbw(target, source, modifiers);
      }
      if (!isInner()) {
        a.vpsubw(target, target, zeroPoint());
      }
    } else if (shape.type() == DType.FLOAT) {
      set.load(a, target, source, tail);
    } else if (tail) {
      a.vcvtph2ps(target, source, Modifiers.zeroing(Mask.K1));
    } else {
      a.vcvtph2ps(target, source);
    }
  }
}
