package io.compresso.op;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The simple recurrent network: {@code h = f(x . W^T + h . R^T + b)}. */
final class RNN extends Recurrent {
  @Override
  public String opType() {
    return "RNN";
  }

  @Override
  int gates() {
    return 1;
  }

  @Override
  List<String> defaultActivations() {
    return List.of("Tanh");
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return RecurrentLowering.lower(
        context,
        1,
        1,
        RecurrentWeights.ofFloats(context, 1),
        RecurrentWeights.ofFloats(context, 2));
  }

  @Override
  void step(Cell cell, double[] x, double[] h, double[] c) {
    double[] recurrent = cell.recur(h, 0, 1);
    for (int i = 0; i < cell.hidden(); i++) {
      h[i] = cell.activate(0, x[i] + recurrent[i] + cell.bias()[i]);
    }
  }
}
