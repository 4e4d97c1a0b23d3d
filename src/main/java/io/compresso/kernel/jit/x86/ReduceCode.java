package io.compresso.kernel.jit.x86;

import io.compresso.kernel.ReduceFunction;
import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.ElementAssembler.Predicate;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.tensor.DType;

/**
 * Code that folds rows to one element each, or, down the columns, blocks of rows to one row each.
 * The extra values are the count as a float; down the columns also the count and the bytes from row
 * to row, of 64 bits.
 */
final class ReduceCode extends RowsCode {
  private static final int UNROLL = 4;
  private static final int COUNT = 0;
  private static final int ROWS = 2;
  private static final int STRIDE = 4;

  private final Source source;
  private final Vec x = register(0);
  private final Vec t = register(1);
  private final Vec nan = register(2);
  private final Vec ones = register(3);
  private final int first = 4;
  private final Vec neutral = register(8);
  private final Vec magnitude = register(9);

  /** What the code depends on. */
  record Source(VectorSet set, ReduceFunction function, DType type, boolean downColumns)
      implements RowsCode.Source {
    @Override
    public RowsCode create() {
      return new ReduceCode(this);
    }
  }

  private ReduceCode(Source source) {
    super(source.set(), UNROLL);
    this.source = source;
  }

  /** Sets the extra values. */
  static void extras(RowsRun run, long count, long stride) {
    run.extra(COUNT, Float.floatToRawIntBits(count));
    run.extraLong(ROWS, count);
    run.extraLong(STRIDE, stride);
  }

  @Override
  void prologue() {
    lanes.broadcast(neutral, neutral(source.function()));
    lanes.broadcast(magnitude, Integer.MAX_VALUE);
    lanes.broadcast(ones, -1);
  }

  private static float neutral(ReduceFunction function) {
    return switch (function) {
      case MAX -> Float.NEGATIVE_INFINITY;
      case MIN -> Float.POSITIVE_INFINITY;
      case PRODUCT -> 1;
      case SUM, MEAN, L1, L2, SUM_OF_SQUARES -> 0;
    };
  }

  private boolean ordered() {
    return source.function() == ReduceFunction.MAX || source.function() == ReduceFunction.MIN;
  }

  @Override
  void row() {
    if (source.downColumns()) {
      columns();
    } else {
      wholeRow();
    }
  }

  private void wholeRow() {
    int bytes = Lanes.bytes(source.type());
    for (int i = 0; i < UNROLL; i++) {
      a.vmovaps(register(first + i), neutral);
    }
    a.vxorps(nan, nan, nan);
    pass((step, tail) -> {
      lanes.load(x, source.type(), at(A, bytes, step), tail);
      if (tail) {
        lanes.fill(x, neutral);
      }
      if (ordered()) {
        noteNaN();
      }
      fold(register(first + step));
    });
    Fold fold = across();
    fold.emit(register(first), register(first), register(first + 1));
    fold.emit(register(first + 2), register(first + 2), register(first + 3));
    fold.emit(register(first), register(first), register(first + 2));
    foldAcross(register(first), t, fold);
    a.vmovaps(x, register(first));
    if (ordered()) {
      foldAcross(nan, t, a::vorps);
      a.vorps(x, x, nan);
    }
    finish(x);
    storeFirst(x);
  }

  private void storeFirst(Vec value) {
    Vec low = value.as(Vec.Length.XMM);
    switch (source.type()) {
      case FLOAT -> a.vmovd(Mem.at(C), low);
      case FLOAT16 -> {
        a.vcvtps2ph(low, low);
        a.vpextrw(Mem.at(C), low, 0);
      }
      default -> {
        lanes.roundToBfloat(value);
        a.vpextrw(Mem.at(C), low, 0);
      }
    }
  }

  private void columns() {
    int bytes = Lanes.bytes(source.type());
    Gpr pointer = FREE;
    Gpr count = MATH;
    blockPass((steps, tail) -> {
      for (int i = 0; i < steps; i++) {
        a.vmovaps(register(first + i), neutral);
      }
      a.lea(pointer, Mem.at(A, INDEX, bytes, 0));
      a.mov(count, extra(ROWS));
      Label next = a.here();
      for (int i = 0; i < steps; i++) {
        lanes.load(x, source.type(), Mem.at(pointer, (long) i * width() * bytes), tail);
        if (ordered()) {
          foldKeepingNaN(register(first + i));
        } else {
          fold(register(first + i));
        }
      }
      a.add(pointer, extra(STRIDE));
      a.dec(count);
      a.jump(Condition.NOT_EQUAL, next);
      for (int i = 0; i < steps; i++) {
        finish(register(first + i));
        lanes.store(source.type(), at(C, bytes, i), register(first + i), tail);
      }
    });
  }

  /** Marks the elements of {@code x} that are NaN. */
  private void noteNaN() {
    if (set == VectorSet.AVX512) {
      a.vcmpps(Mask.K2, x, x, Predicate.UNORDERED);
      a.vmovaps(nan, ones, Modifiers.merging(Mask.K2));
    } else {
      a.vcmpps(t, x, x, Predicate.UNORDERED);
      a.vorps(nan, nan, t);
    }
  }

  private void foldKeepingNaN(Vec target) {
    across().emit(t, target, x);
    if (set == VectorSet.AVX512) {
      a.vcmpps(Mask.K2, target, target, Predicate.UNORDERED);
      a.vblendmps(target, Mask.K2, t, target);
    } else {
      a.vcmpps(nan, target, target, Predicate.UNORDERED);
      a.vblendvps(target, t, target, nan);
    }
  }

  private void fold(Vec target) {
    switch (source.function()) {
      case SUM, MEAN -> a.vaddps(target, target, x);
      case L1 -> {
        a.vandps(x, x, magnitude);
        a.vaddps(target, target, x);
      }
      case L2, SUM_OF_SQUARES -> a.vfmadd231ps(target, x, x);
      case PRODUCT -> a.vmulps(target, target, x);
      case MAX -> a.vmaxps(target, target, x);
      case MIN -> a.vminps(target, target, x);
    }
  }

  private Fold across() {
    return switch (source.function()) {
      case MAX -> a::vmaxps;
      case MIN -> a::vminps;
      case PRODUCT -> a::vmulps;
      case SUM, MEAN, L1, L2, SUM_OF_SQUARES -> a::vaddps;
    };
  }

  private void finish(Vec value) {
    if (source.function() == ReduceFunction.MEAN) {
      a.vbroadcastss(t, extra(COUNT));
      a.vdivps(value, value, t);
    } else if (source.function() == ReduceFunction.L2) {
      a.vsqrtps(value, value);
    }
  }
}
