package io.compresso.kernel.jit.x86;

import io.compresso.kernel.PoolProblem.Kind;
import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.tensor.DType;

/**
 * Code that pools pixels whose channels are contiguous: a row is the channels of one output, {@code
 * a} the first tap, {@code c} the output. {@code b} is the case of the pixels: {@link PoolCase}.
 * Bytes are compared as they lie and averaged in 32 bits; the first extra value is the output's
 * zero point.
 */
final class ChannelPoolCode extends RowsCode {
  private static final int UNROLL = 4;

  private final Source source;
  private final PoolFold fold;
  private final Vec x = register(0);
  private final Vec neutral = register(1);
  private final Vec low = register(2);
  private final Vec high = register(3);
  private final Vec outputZero = register(4);
  private final int first = 5;

  /** What the code depends on. */
  record Source(VectorSet set, DType type, Kind kind) implements RowsCode.Source {
    @Override
    public RowsCode create() {
      return new ChannelPoolCode(this);
    }

    private boolean comparesBytes() {
      return !type.isFloat() && kind == Kind.MAX;
    }
  }

  private ChannelPoolCode(Source source) {
    super(source.set(), source.comparesBytes() ? 1 : Float.BYTES, UNROLL);
    this.source = source;
    this.fold = new PoolFold(a, set, source.kind(), register(9), register(10));
  }

  @Override
  void prologue() {
    if (source.type().isFloat()) {
      lanes.broadcast(neutral, fold.neutral());
    } else if (source.comparesBytes()) {
      lanes.broadcast(neutral, source.type() == DType.INT8 ? 0x80808080 : 0);
    } else {
      a.vpxor(neutral, neutral, neutral);
      a.vbroadcastss(outputZero, extra(0));
      PoolFold.bounds(a, lanes, source.type(), low, high, outputZero);
    }
  }

  @Override
  void row() {
    int bytes = Lanes.bytes(source.type());
    Gpr pointer = FREE;
    Gpr count = MATH;
    blockPass((steps, tail) -> {
      for (int i = 0; i < steps; i++) {
        a.vmovaps(register(first + i), neutral);
      }
      a.lea(pointer, Mem.at(A, INDEX, bytes, 0));
      a.mov(count, Mem.at(B, PoolCase.TAPS));
      Label next = a.here();
      a.mov(Gpr.RAX, Mem.at(B, count, 8, PoolCase.OFFSETS - 8));
      for (int i = 0; i < steps; i++) {
        Mem source = Mem.at(pointer, Gpr.RAX, 1, (long) i * width() * bytes);
        foldFrom(source, register(first + i), tail);
      }
      a.dec(count);
      a.jump(Condition.NOT_EQUAL, next);
      for (int i = 0; i < steps; i++) {
        finish(register(first + i));
        Mem target = at(C, bytes, i);
        if (source.comparesBytes()) {
          lanes.storeBytes(target, register(first + i), tail);
        } else {
          lanes.store(source.type(), target, register(first + i), tail);
        }
      }
    });
  }

  private void foldFrom(Mem from, Vec target, boolean tail) {
    if (source.comparesBytes()) {
      lanes.loadBytes(x, from, tail);
      if (source.type() == DType.INT8) {
        a.vpmaxsb(target, target, x);
      } else {
        a.vpmaxub(target, target, x);
      }
      return;
    }
    lanes.load(x, source.type(), from, tail);
    if (source.type().isFloat()) {
      fold.floats(target, x);
    } else {
      a.vpaddd(target, target, x);
    }
  }

  private void finish(Vec value) {
    if (source.kind() == Kind.MAX) {
      return;
    }
    if (source.type().isFloat()) {
      a.vbroadcastss(x, Mem.at(B, PoolCase.COUNT));
      a.vdivps(value, value, x);
      return;
    }
    a.vpbroadcastd(x, Mem.at(B, PoolCase.BIAS));
    a.vpaddd(value, value, x);
    a.vcvtdq2ps(value, value);
    a.vbroadcastss(x, Mem.at(B, PoolCase.FACTOR));
    a.vmulps(value, value, x);
    a.vmaxps(value, value, low);
    a.vminps(value, value, high);
    a.vcvtps2dq(value, value);
    a.vpaddd(value, value, outputZero);
  }
}
