package io.compresso.op;

/** Numbers drawn normally, of the shape of its input; the same in each run. */
final class RandomNormalLike extends RandomLike {
  RandomNormalLike() {
    super("RandomNormalLike", RandomDistribution.NORMAL);
  }
}
