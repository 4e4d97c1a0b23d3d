package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CellProblem;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.UnaryFunction;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** Steps of recurrent cells, in double precision between the sums and the states. */
public final class RefCell extends RefKernel<CellProblem> {
  public RefCell() {
    super(KernelFamily.CELL, CellProblem.class);
  }

  @Override
  Acceptance accepts(CellProblem problem) {
    return Acceptance.YES;
  }

  @Override
  void run(CellProblem problem, Constants constants, Operands operands, int threads) {
    long cells = problem.cells();
    Tensor sums = floats(operands.input(), problem.inputBytes());
    Tensor data = floats(constants.second(operands), problem.secondBytes());
    Tensor kept = floats(Objects.requireNonNull(operands.third()), problem.thirdBytes());
    Tensor output = floats(operands.output(), problem.outputBytes());
    float greatest = 0;
    for (int row = 0; row < problem.rows(); row++) {
      for (int j = 0; j < problem.columns(); j++) {
        float[] fromState = new float[problem.kind().gates()];
        float[] fromData = new float[fromState.length];
        for (int gate = 0; gate < fromState.length; gate++) {
          long group = (long) row * fromState.length + gate;
          fromState[gate] = sums.getFloat(group * problem.columns() + j);
          fromData[gate] = data.getFloat(group * problem.columns() + j);
        }
        long at = (long) row * problem.width() + problem.first() + j;
        float state;
        switch (problem.kind()) {
          case LSTM -> {
            double cell = cell(problem, fromState, fromData, kept.getFloat(at));
            output.setFloat(cells + at, (float) cell);
            state =
                (float)
                    (gate(problem, 0, fromState[1] + fromData[1])
                        * apply(problem.functions().get(2), cell));
          }
          case GRU -> state = state(problem, fromState, fromData, kept.getFloat(at));
          default -> throw new IllegalStateException(problem.kind().toString());
        }
        output.setFloat(at, state);
        greatest = Math.max(greatest, Math.abs(state));
      }
    }
    if (problem.columns() > 0) {
      output.setFloat(problem.magnitudeAt() / Float.BYTES, greatest);
    }
  }

  private static double cell(CellProblem problem, float[] state, float[] data, float before) {
    double input = gate(problem, 0, state[0] + data[0]) * gate(problem, 1, state[3] + data[3]);
    return gate(problem, 0, state[2] + data[2]) * before + input;
  }

  private static float state(CellProblem problem, float[] state, float[] data, float before) {
    double update = gate(problem, 0, state[0] + data[0]);
    double reset = gate(problem, 0, state[1] + data[1]);
    double candidate = apply(problem.functions().get(1), data[2] + reset * state[2]);
    return (float) ((1 - update) * candidate + update * before);
  }

  private static double gate(CellProblem problem, int function, float x) {
    return apply(problem.functions().get(function), x);
  }

  private static double apply(UnaryFunction function, double x) {
    return switch (function) {
      case SIGMOID -> 1 / (1 + Math.exp(-x));
      case TANH -> Math.tanh(x);
      default -> Math.max(x, 0);
    };
  }

  private static Tensor floats(MemorySegment memory, long bytes) {
    return RefElements.tensor(DType.FLOAT, memory, bytes / Float.BYTES);
  }
}
