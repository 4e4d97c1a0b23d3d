package io.compresso.kernel.jit.x86;

import io.compresso.kernel.PoolProblem.Kind;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Code that pools planes, in floats: a row is one of outputs, {@code a} the first tap of its first
 * window, {@code c} the output. The input's rows are folded down into {@code b}, a row of floats
 * that begins with the padding and is {@link #bufferFloats} long, then along it. The constants are
 * the case of the rows ({@link PoolCase}). The extra values are the output's zero point, the scale
 * of averages of bytes, and the address of the counts of each column's average, floats.
 */
final class PlanePoolCode extends RowsCode {
  private static final int UNROLL = 4;
  private static final int ZERO_POINT = 0;
  private static final int SCALE = 1;
  private static final int COUNTS = 2;
  private static final int SLACK = 80;
  private static final MemorySegment EVEN = even();

  private final Source source;
  private final SpatialAxis axis;
  private final PoolFold fold;
  private final Vec x = register(0);
  private final Vec neutral = register(1);
  private final Vec low = register(2);
  private final Vec high = register(3);
  private final Vec outputZero = register(4);
  private final int first = 5;
  private final Vec even = register(11);

  /** What the code depends on; the axis is the rows'. */
  record Source(VectorSet set, DType type, Kind kind, SpatialAxis axis) implements RowsCode.Source {
    @Override
    public RowsCode create() {
      return new PlanePoolCode(this);
    }
  }

  private PlanePoolCode(Source source) {
    super(source.set(), UNROLL);
    this.source = source;
    this.axis = source.axis();
    this.fold = new PoolFold(a, set, source.kind(), register(9), register(10));
  }

  private static MemorySegment even() {
    int lanes = Vec.Length.ZMM.lanes();
    MemorySegment indices = Arena.global().allocate(4L * lanes, 64);
    for (int i = 0; i < lanes; i++) {
      indices.setAtIndex(ValueLayout.JAVA_INT, i, 2 * i);
    }
    return indices;
  }

  /** Floats of the padded row, and what is read or written behind it. */
  private static long paddedFloats(SpatialAxis axis) {
    return (long) axis.padBegin() + axis.size() + axis.padEnd() + SLACK;
  }

  /** Floats of {@code b}. */
  static long bufferFloats(SpatialAxis axis) {
    return paddedFloats(axis) + (axis.stride() > 2 ? 2 * paddedFloats(axis) : 0);
  }

  /** Sets the extra values. */
  static void extras(MemorySegment strides, int zeroPoint, float scale, long countsAddress) {
    strides.set(ValueLayout.JAVA_INT, EXTRAS_AT + 4 * ZERO_POINT, zeroPoint);
    strides.set(ValueLayout.JAVA_FLOAT, EXTRAS_AT + 4 * SCALE, scale);
    strides.set(ValueLayout.JAVA_LONG, EXTRAS_AT + 4 * COUNTS, countsAddress);
  }

  @Override
  void prologue() {
    lanes.broadcast(neutral, fold.neutral());
    if (!source.type().isFloat()) {
      a.vbroadcastss(outputZero, extra(ZERO_POINT));
      PoolFold.bounds(a, lanes, source.type(), low, high, outputZero);
    }
    if (set == VectorSet.AVX512 && axis.stride() == 2) {
      a.mov(Gpr.RAX, EVEN.address());
      a.vmovups(even, Mem.at(Gpr.RAX));
    }
  }

  @Override
  void row() {
    tail(axis.size());
    blockPass(this::down);
    int outputs = axis.outputSize();
    if (axis.stride() > 2) {
      long compact = 4 * paddedFloats(axis);
      along(
          (outputs - 1) * axis.stride() + 1,
          tail -> {
            foldAlong(register(first), 0, 4);
            a.vmovups(Mem.at(B, INDEX, 4, compact), register(first));
          });
      pick(outputs, compact);
    }
    tail(outputs);
    along(
        outputs,
        tail -> {
          Vec value = register(first);
          if (axis.stride() == 1) {
            foldAlong(value, 0, 4);
          } else if (axis.stride() == 2) {
            foldAlong(value, 0, 8);
            foldAlong(register(first + 1), 4L * width(), 8);
            takeEven(value, register(first + 1));
          } else {
            a.vmovups(value, Mem.at(B, INDEX, 4, 8 * paddedFloats(axis)));
          }
          finish(value, tail);
          lanes.store(source.type(), at(C, Lanes.bytes(source.type()), 0), value, tail);
        });
  }

  /** Makes the masks for rows of so many elements. */
  private void tail(int elements) {
    a.mov(TAIL, elements % width());
    lanes.mask(Float.BYTES);
  }

  /** Folds the rows of the windows into the padded row. */
  private void down(int steps, boolean tail) {
    int bytes = Lanes.bytes(source.type());
    Gpr pointer = FREE;
    Gpr count = MATH;
    for (int i = 0; i < steps; i++) {
      a.vmovaps(register(first + i), neutral);
    }
    a.lea(pointer, Mem.at(A, INDEX, bytes, 0));
    a.mov(count, Mem.at(CONSTANTS, PoolCase.TAPS));
    Label next = a.here();
    a.mov(Gpr.RAX, Mem.at(CONSTANTS, count, 8, PoolCase.OFFSETS - 8));
    for (int i = 0; i < steps; i++) {
      Mem from = Mem.at(pointer, Gpr.RAX, 1, (long) i * width() * bytes);
      lanes.load(x, source.type(), from, tail);
      if (!source.type().isFloat()) {
        a.vcvtdq2ps(x, x);
      }
      fold.floats(register(first + i), x);
    }
    a.dec(count);
    a.jump(Condition.NOT_EQUAL, next);
    for (int i = 0; i < steps; i++) {
      if (source.kind() != Kind.MAX && !source.type().isFloat()) {
        a.vbroadcastss(x, Mem.at(CONSTANTS, PoolCase.FLOAT_BIAS));
        a.vaddps(register(first + i), register(first + i), x);
      }
      long interior = 4L * axis.padBegin() + 4L * i * width();
      lanes.store(DType.FLOAT, Mem.at(B, INDEX, 4, interior), register(first + i), tail);
    }
  }

  /** What is done for a register of outputs. */
  @FunctionalInterface
  private interface Along {
    void emit(boolean tail);
  }

  private void along(int elements, Along body) {
    int whole = elements / width() * width();
    a.xor(INDEX, INDEX);
    if (whole > 0) {
      Label next = a.here();
      body.emit(false);
      a.add(INDEX, width());
      a.cmp(INDEX, whole);
      a.jump(Condition.LESS, next);
    }
    if (whole < elements) {
      body.emit(true);
    }
  }

  /** Folds the taps of successive windows of stride 1. */
  private void foldAlong(Vec target, long displacement, int scale) {
    a.vmovups(target, Mem.at(B, INDEX, scale, displacement));
    for (int tap = 1; tap < axis.kernel(); tap++) {
      a.vmovups(x, Mem.at(B, INDEX, scale, displacement + 4L * tap * axis.dilation()));
      fold.floats(target, x);
    }
  }

  private void takeEven(Vec value, Vec second) {
    if (set == VectorSet.AVX512) {
      a.vpermt2ps(value, even, second);
    } else {
      a.vshufps(value, value, second, 0b10_00_10_00);
      a.vpermpd(value, value, 0b11_01_10_00);
    }
  }

  /** Copies each element of a window's stride to the floats after the compact ones. */
  private void pick(int outputs, long compact) {
    Gpr from = FREE;
    a.lea(from, Mem.at(B, compact));
    a.xor(INDEX, INDEX);
    Label next = a.here();
    a.mov(Gpr.RAX, Mem.at(from));
    a.mov(Mem.at(B, INDEX, 4, 8 * paddedFloats(axis)), Gpr.RAX);
    a.add(from, 4L * axis.stride());
    a.add(INDEX, 1);
    a.cmp(INDEX, outputs);
    a.jump(Condition.LESS, next);
  }

  private void finish(Vec value, boolean tail) {
    boolean floats = source.type().isFloat();
    if (source.kind() == Kind.MAX) {
      if (!floats) {
        a.vcvtps2dq(value, value);
      }
      return;
    }
    Vec count = register(first + 1);
    a.mov(FREE, extra(COUNTS));
    lanes.load(count, DType.FLOAT, at(FREE, Float.BYTES, 0), tail);
    a.vbroadcastss(x, Mem.at(CONSTANTS, PoolCase.COUNT));
    a.vmulps(count, count, x);
    if (floats) {
      a.vdivps(value, value, count);
      return;
    }
    a.vbroadcastss(x, extra(SCALE));
    a.vdivps(x, x, count);
    a.vmulps(value, value, x);
    a.vmaxps(value, value, low);
    a.vminps(value, value, high);
    a.vcvtps2dq(value, value);
    a.vpaddd(value, value, outputZero);
  }
}
