package io.compresso.op;

/** Numbers drawn normally, of a given shape; the same in each run. */
final class RandomNormal extends RandomOfShape {
  RandomNormal() {
    super("RandomNormal", RandomDistribution.NORMAL);
  }
}
