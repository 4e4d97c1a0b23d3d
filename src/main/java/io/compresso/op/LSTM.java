package io.compresso.op;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Long short-term memory (Hochreiter and Schmidhuber, 1997) with optional peepholes, gates stacked
 * as input, output, forget, cell.
 */
final class LSTM extends Recurrent {
  @Override
  public String opType() {
    return "LSTM";
  }

  @Override
  int gates() {
    return 4;
  }

  @Override
  List<String> defaultActivations() {
    return List.of("Sigmoid", "Tanh", "Tanh");
  }

  @Override
  boolean hasCell() {
    return true;
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return RecurrentLowering.lower(
        context,
        4,
        3,
        RecurrentWeights.ofFloats(context, 1),
        RecurrentWeights.ofFloats(context, 2));
  }

  @Override
  void step(Cell cell, double[] x, double[] h, double[] c) {
    int hidden = cell.hidden();
    double[] gates = cell.recur(h, 0, 4);
    for (int i = 0; i < gates.length; i++) {
      gates[i] += x[i] + cell.bias()[i];
    }
    double[] peepholes = cell.peepholes();
    for (int i = 0; i < hidden; i++) {
      double in = gates[i] + peephole(peepholes, i, c[i]);
      double forget = gates[2 * hidden + i] + peephole(peepholes, 2 * hidden + i, c[i]);
      double input = cell.activate(0, in);
      double keep = cell.flag() ? 1 - input : cell.activate(0, forget);
      c[i] = keep * c[i] + input * cell.activate(1, gates[3 * hidden + i]);
      double out = gates[hidden + i] + peephole(peepholes, hidden + i, c[i]);
      h[i] = cell.activate(0, out) * cell.activations()[2].apply(c[i]);
    }
  }

  private static double peephole(double @Nullable [] peepholes, int at, double c) {
    return peepholes == null ? 0 : peepholes[at] * c;
  }
}
