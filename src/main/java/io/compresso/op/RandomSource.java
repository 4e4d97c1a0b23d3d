package io.compresso.op;

import io.compresso.graph.Attribute;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Where operators that draw get their numbers: from their {@code seed}, for the same in each run.
 */
final class RandomSource {
  private RandomSource() {}

  /** A generator for one call, by the node's {@code seed} attribute, else by its name. */
  static RandomGenerator of(OpContext context) {
    float seed = seed(context);
    return new SplittableRandom(
        Float.isNaN(seed) ? context.node().outputs().hashCode() : Float.floatToIntBits(seed));
  }

  private static float seed(OpContext context) {
    return switch (context.node().attributes().get("seed")) {
      case null -> Float.NaN;
      case Attribute.IntValue(long seed) -> seed;
      default -> context.node().floatAttribute("seed", Float.NaN);
    };
  }
}
