package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.tensor.Tensor;
import java.util.random.RandomGenerator;

/** What operators draw from, with the parameters that their attributes give. */
enum RandomDistribution {
  /** By {@code mean} and {@code scale}, the standard deviation. */
  NORMAL {
    @Override
    void fill(Tensor target, Node node, RandomGenerator random) {
      double mean = node.floatAttribute("mean", 0);
      double scale = node.floatAttribute("scale", 1);
      for (long i = 0; i < target.size(); i++) {
        target.setDouble(i, mean + scale * random.nextGaussian());
      }
    }
  },

  /** From {@code low} to {@code high}. */
  UNIFORM {
    @Override
    void fill(Tensor target, Node node, RandomGenerator random) {
      double low = node.floatAttribute("low", 0);
      double high = node.floatAttribute("high", 1);
      for (long i = 0; i < target.size(); i++) {
        target.setDouble(i, low + (high - low) * random.nextDouble());
      }
    }
  };

  /** Draws all elements. */
  abstract void fill(Tensor target, Node node, RandomGenerator random);
}
