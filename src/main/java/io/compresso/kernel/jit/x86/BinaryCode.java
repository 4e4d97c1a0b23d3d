package io.compresso.kernel.jit.x86;

import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.jit.x86.ElementAssembler.Predicate;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.tensor.DType;

/** Code of {@code c = f(a, b)}, in which one element of an operand may stand for a row. */
final class BinaryCode extends RowsCode {
  private static final int UNROLL = 4;

  private final Source source;
  private final Vec x = register(0);
  private final Vec y = register(1);
  private final Vec t = register(2);
  private final Vec zero = register(3);
  private final Vec integerOne = register(4);
  private final Vec left = register(5);
  private final Vec right = register(6);

  /** What the code depends on. */
  record Source(
      VectorSet set, BinaryFunction function, DType type, boolean repeatsLeft, boolean repeatsRight)
      implements RowsCode.Source {
    @Override
    public RowsCode create() {
      return new BinaryCode(this);
    }
  }

  private BinaryCode(Source source) {
    super(source.set(), UNROLL);
    this.source = source;
  }

  /** Whether there is code for the function. */
  static boolean has(BinaryFunction function, DType type) {
    return switch (function) {
      case ADD, SUB, MUL, MIN, MAX -> true;
      case POW -> false;
      case DIV, PRELU, EQUAL, LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL -> type.isFloat();
    };
  }

  @Override
  void prologue() {
    lanes.broadcast(zero, 0f);
    lanes.broadcast(integerOne, 1);
  }

  @Override
  void row() {
    int bytes = Lanes.bytes(source.type());
    if (source.repeatsLeft()) {
      repeat(left, A);
    }
    if (source.repeatsRight()) {
      repeat(right, B);
    }
    boolean compares = source.function().isComparison();
    DType output = compares ? DType.UINT8 : source.type();
    pass((step, tail) -> {
      if (source.repeatsLeft()) {
        a.vmovaps(x, left);
      } else {
        lanes.load(x, source.type(), at(A, bytes, step), tail);
      }
      Vec second = right;
      if (!source.repeatsRight()) {
        lanes.load(y, source.type(), at(B, bytes, step), tail);
        second = y;
      }
      if (compares) {
        compare(second);
      } else if (source.type().isFloat()) {
        floats(second);
      } else {
        integers(second);
      }
      lanes.store(output, at(C, Lanes.bytes(output), step), x, tail);
    });
  }

  private void repeat(Vec target, Gpr pointer) {
    switch (source.type()) {
      case FLOAT16 -> {
        a.movzxWord(Gpr.RAX, Mem.at(pointer));
        a.vmovd(target.as(Vec.Length.XMM), Gpr.RAX);
        a.vcvtph2ps(target.as(Vec.Length.XMM), target.as(Vec.Length.XMM));
        a.vbroadcastss(target, target.as(Vec.Length.XMM));
      }
      case BFLOAT16 -> {
        a.movzxWord(Gpr.RAX, Mem.at(pointer));
        a.shl(Gpr.RAX, 16);
        a.vmovd(target.as(Vec.Length.XMM), Gpr.RAX);
        a.vbroadcastss(target, target.as(Vec.Length.XMM));
      }
      default -> a.vbroadcastss(target, Mem.at(pointer));
    }
  }

  private void floats(Vec second) {
    switch (source.function()) {
      case ADD -> a.vaddps(x, x, second);
      case SUB -> a.vsubps(x, x, second);
      case MUL -> a.vmulps(x, x, second);
      case DIV -> a.vdivps(x, x, second);
      case MIN -> {
        a.vminps(t, x, second);
        keepNaN();
      }
      case MAX -> {
        a.vmaxps(t, x, second);
        keepNaN();
      }
      case PRELU -> {
        a.vmulps(t, x, second);
        if (set == VectorSet.AVX512) {
          a.vcmpps(Mask.K2, x, zero, Predicate.LESS);
          a.vmovaps(x, t, Modifiers.merging(Mask.K2));
        } else {
          a.vcmpps(y, x, zero, Predicate.LESS);
          a.vblendvps(x, x, t, y);
        }
      }
      default -> throw new IllegalStateException(source.function().toString());
    }
  }

  /** Takes {@code t}, which is the second operand where one is NaN, unless the first is NaN. */
  private void keepNaN() {
    if (set == VectorSet.AVX512) {
      a.vcmpps(Mask.K2, x, x, Predicate.UNORDERED);
      a.vblendmps(x, Mask.K2, t, x);
    } else {
      a.vcmpps(y, x, x, Predicate.UNORDERED);
      a.vblendvps(x, t, x, y);
    }
  }

  private void integers(Vec second) {
    switch (source.function()) {
      case ADD -> a.vpaddd(x, x, second);
      case SUB -> a.vpsubd(x, x, second);
      case MUL -> a.vpmulld(x, x, second);
      case MIN -> a.vpminsd(x, x, second);
      case MAX -> a.vpmaxsd(x, x, second);
      default -> throw new IllegalStateException(source.function().toString());
    }
  }

  private void compare(Vec second) {
    Predicate predicate =
        switch (source.function()) {
          case EQUAL -> Predicate.EQUAL;
          case LESS -> Predicate.LESS;
          case LESS_OR_EQUAL -> Predicate.LESS_OR_EQUAL;
          case GREATER -> Predicate.GREATER;
          case GREATER_OR_EQUAL -> Predicate.GREATER_OR_EQUAL;
          default -> throw new IllegalStateException(source.function().toString());
        };
    if (set == VectorSet.AVX512) {
      a.vcmpps(Mask.K2, x, second, predicate);
      a.vmovaps(x, integerOne, Modifiers.zeroing(Mask.K2));
    } else {
      a.vcmpps(x, x, second, predicate);
      a.vandps(x, x, integerOne);
    }
  }
}
