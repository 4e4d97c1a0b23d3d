package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.ReduceFunction;
import io.compresso.kernel.ReduceProblem;
import io.compresso.tensor.Tensor;

/** Folds in double precision. */
public final class RefReduce extends RefKernel<ReduceProblem> {
  public RefReduce() {
    super(KernelFamily.REDUCE, ReduceProblem.class);
  }

  @Override
  Acceptance accepts(ReduceProblem problem) {
    return Acceptance.when(
        RefElements.isFloat(problem.type()), "elements of type " + problem.type());
  }

  @Override
  void run(ReduceProblem problem, Constants constants, Operands operands, int threads) {
    long reduced = problem.reduced();
    long inner = problem.inner();
    long results = problem.outer() * inner;
    Tensor x = RefElements.tensor(problem.type(), operands.input(), results * reduced);
    Tensor y = RefElements.tensor(problem.type(), operands.output(), results);
    for (long o = 0; o < problem.outer(); o++) {
      for (long i = 0; i < inner; i++) {
        double state = start(problem.function());
        for (long r = 0; r < reduced; r++) {
          state = fold(problem.function(), state, x.getDouble((o * reduced + r) * inner + i));
        }
        y.setDouble(
            o * inner + i,
            switch (problem.function()) {
              case MEAN -> state / reduced;
              case L2 -> Math.sqrt(state);
              default -> state;
            });
      }
    }
  }

  private static double start(ReduceFunction function) {
    return switch (function) {
      case MAX -> Double.NEGATIVE_INFINITY;
      case MIN -> Double.POSITIVE_INFINITY;
      case PRODUCT -> 1;
      case SUM, MEAN, L1, L2, SUM_OF_SQUARES -> 0;
    };
  }

  private static double fold(ReduceFunction function, double state, double x) {
    return switch (function) {
      case SUM, MEAN -> state + x;
      case MAX -> Math.max(state, x);
      case MIN -> Math.min(state, x);
      case L1 -> state + Math.abs(x);
      case L2, SUM_OF_SQUARES -> state + x * x;
      case PRODUCT -> state * x;
    };
  }
}
