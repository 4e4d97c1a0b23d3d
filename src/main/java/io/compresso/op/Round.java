package io.compresso.op;

import io.compresso.graph.Node;

/** The nearest integer to each element, halves to even. */
final class Round extends ElementwiseUnary {
  Round() {
    super("Round", 11, 22);
  }

  @Override
  Function bind(Node node) {
    return new Function() {
      @Override
      public double apply(double x) {
        return Math.rint(x);
      }
    };
  }
}
