package io.compresso.op;

/** Numbers drawn uniformly, of a given shape; the same in each run. */
final class RandomUniform extends RandomOfShape {
  RandomUniform() {
    super("RandomUniform", RandomDistribution.UNIFORM);
  }
}
