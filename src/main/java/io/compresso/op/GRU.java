package io.compresso.op;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The gated recurrent unit (Cho et al., 2014), gates stacked as update, reset, hidden. */
final class GRU extends Recurrent {
  @Override
  public String opType() {
    return "GRU";
  }

  @Override
  int gates() {
    return 3;
  }

  @Override
  List<String> defaultActivations() {
    return List.of("Sigmoid", "Tanh");
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return RecurrentLowering.lower(
        context,
        3,
        2,
        RecurrentWeights.ofFloats(context, 1),
        RecurrentWeights.ofFloats(context, 2));
  }

  @Override
  void step(Cell cell, double[] x, double[] h, double[] c) {
    int hidden = cell.hidden();
    double[] bias = cell.bias();
    double[] gates = cell.recur(h, 0, 2);
    double[] update = new double[hidden];
    double[] reset = new double[hidden];
    for (int i = 0; i < hidden; i++) {
      update[i] = cell.activate(0, x[i] + gates[i] + bias[i]);
      reset[i] = cell.activate(0, x[hidden + i] + gates[hidden + i] + bias[hidden + i]);
    }
    boolean linearBeforeReset = cell.flag();
    double[] state = h.clone();
    for (int i = 0; i < hidden && !linearBeforeReset; i++) {
      state[i] *= reset[i];
    }
    double[] candidate = cell.recur(state, 2, 3);
    for (int i = 0; i < hidden; i++) {
      double recurrent = candidate[i] + bias[2 * hidden + i];
      double value =
          cell.activate(
              1, x[2 * hidden + i] + (linearBeforeReset ? reset[i] * recurrent : recurrent));
      h[i] = (1 - update[i]) * value + update[i] * h[i];
    }
  }
}
