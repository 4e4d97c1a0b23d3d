package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.tensor.Tensor;
import java.util.Optional;

/** The mean of the inputs, element by element. */
final class Mean extends ElementwiseVariadic {
  Mean() {
    super("Mean", 1, 6, 8, 13);
  }

  @Override
  ElementwiseBinary.Function bind(Node node) {
    return new ElementwiseBinary.Function() {
      @Override
      public void floats(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
          a[i] += b[i];
        }
      }

      @Override
      public void doubles(double[] a, double[] b, int n) {
        for (int i = 0; i < n; i++) {
          a[i] += b[i];
        }
      }
    };
  }

  @Override
  Tensor finish(OpContext context, Tensor folded, int count) {
    return ElementwiseUnary.map(context, x -> x / count, folded);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
