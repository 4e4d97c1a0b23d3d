package io.compresso.kernel.jit.x86;

import io.compresso.kernel.PoolProblem.Kind;
import io.compresso.kernel.jit.x86.ElementAssembler.Predicate;
import io.compresso.tensor.DType;

/** What the codes of pooling share: folding registers of floats, and requantizing averages. */
final class PoolFold {
  private final ElementAssembler a;
  private final VectorSet set;
  private final Kind kind;
  private final Vec scratch;
  private final Vec mask;

  PoolFold(ElementAssembler a, VectorSet set, Kind kind, Vec scratch, Vec mask) {
    this.a = a;
    this.set = set;
    this.kind = kind;
    this.scratch = scratch;
    this.mask = mask;
  }

  /** What folding begins with. */
  float neutral() {
    return kind == Kind.MAX ? Float.NEGATIVE_INFINITY : 0;
  }

  /** Folds floats into {@code target}; a maximum keeps NaN. */
  void floats(Vec target, Vec x) {
    if (kind != Kind.MAX) {
      a.vaddps(target, target, x);
      return;
    }
    a.vmaxps(scratch, target, x);
    if (set == VectorSet.AVX512) {
      a.vcmpps(Mask.K2, target, target, Predicate.UNORDERED);
      a.vblendmps(target, Mask.K2, scratch, target);
    } else {
      a.vcmpps(mask, target, target, Predicate.UNORDERED);
      a.vblendvps(target, scratch, target, mask);
    }
  }

  /**
   * Loads the range of a type before the zero point is added.
   *
   * @param zero the output's zero point in each element
   */
  static void bounds(ElementAssembler a, Lanes lanes, DType type, Vec low, Vec high, Vec zero) {
    lanes.broadcast(low, (int) type.minValue());
    lanes.broadcast(high, (int) type.maxValue());
    a.vpsubd(low, low, zero);
    a.vpsubd(high, high, zero);
    a.vcvtdq2ps(low, low);
    a.vcvtdq2ps(high, high);
  }
}
