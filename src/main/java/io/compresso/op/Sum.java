package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.BinaryFunction;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The sum of the inputs, element by element. */
final class Sum extends ElementwiseVariadic {
  Sum() {
    super("Sum", 1, 6, 8, 13);
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
  public @Nullable Lowered lower(LoweringContext context) {
    return context.opset() < 8 ? null : Lowerings.fold(context, BinaryFunction.ADD);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
