package io.compresso.op;

/** Numbers drawn uniformly, of the shape of its input; the same in each run. */
final class RandomUniformLike extends RandomLike {
  RandomUniformLike() {
    super("RandomUniformLike", RandomDistribution.UNIFORM);
  }
}
