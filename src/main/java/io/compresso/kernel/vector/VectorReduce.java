package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.ReduceFunction;
import io.compresso.kernel.ReduceProblem;
import io.compresso.kernel.panel.Chunks;
import io.compresso.tensor.DType;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Folds in the Vector API: of rows by registers, of columns side by side. */
public final class VectorReduce extends VectorKernel<ReduceProblem> {
  public VectorReduce() {
    super(KernelFamily.REDUCE, ReduceProblem.class, FLOATS);
  }

  @Override
  Acceptance accepts(ReduceProblem problem) {
    return Acceptance.when(FLOATS.contains(problem.type()), "elements of type " + problem.type())
        .and(
            Acceptance.when(
                problem.inner() <= Integer.MAX_VALUE / 8, "rows of more elements than arrays"));
  }

  @Override
  void run(ReduceProblem problem, Constants constants, Operands operands, int threads) {
    Chunks.run(
        problem.outer(),
        problem.inputBytes(),
        threads,
        (first, count) -> {
          for (long o = first; o < first + count; o++) {
            if (problem.inner() == 1) {
              Registers.row(problem, operands, o);
            } else {
              Registers.columns(problem, operands, o);
            }
          }
        });
  }

  private static float neutral(ReduceFunction function) {
    return switch (function) {
      case MAX -> Float.NEGATIVE_INFINITY;
      case MIN -> Float.POSITIVE_INFINITY;
      case PRODUCT -> 1;
      case SUM, MEAN, L1, L2, SUM_OF_SQUARES -> 0;
    };
  }

  private static void finish(ReduceProblem problem, float[] values, int count) {
    for (int i = 0; i < count; i++) {
      if (problem.function() == ReduceFunction.MEAN) {
        values[i] /= problem.reduced();
      } else if (problem.function() == ReduceFunction.L2) {
        values[i] = (float) Math.sqrt(values[i]);
      }
    }
  }

  /** What works on registers, apart: it is loaded where the module is there. */
  private static final class Registers {
    private Registers() {}

    static void row(ReduceProblem problem, Operands operands, long outer) {
      DType type = problem.type();
      int lanes = FloatBlock.SPECIES.length();
      float[] block = FloatBlock.of(FloatBlock.LENGTH);
      float neutral = neutral(problem.function());
      FloatVector state = FloatVector.broadcast(FloatBlock.SPECIES, neutral);
      for (long at = 0; at < problem.reduced(); at += FloatBlock.LENGTH) {
        int count = (int) Math.min(FloatBlock.LENGTH, problem.reduced() - at);
        FloatBlock.read(type, operands.input(), outer * problem.reduced() + at, block, count);
        Arrays.fill(block, count, (int) FloatBlock.roundUp(count), neutral);
        for (int i = 0; i < count; i += lanes) {
          state = fold(problem.function(), state, FloatBlock.load(block, i));
        }
      }
      float[] states = state.toArray();
      float result = states[0];
      for (int i = 1; i < states.length; i++) {
        result =
            switch (problem.function()) {
              case MAX -> Math.max(result, states[i]);
              case MIN -> Math.min(result, states[i]);
              case PRODUCT -> result * states[i];
              case SUM, MEAN, L1, L2, SUM_OF_SQUARES -> result + states[i];
            };
      }
      block[0] = result;
      finish(problem, block, 1);
      FloatBlock.write(type, block, operands.output(), outer, 1);
    }

    static void columns(ReduceProblem problem, Operands operands, long outer) {
      DType type = problem.type();
      int lanes = FloatBlock.SPECIES.length();
      float[] state = FloatBlock.of(FloatBlock.LENGTH);
      float[] block = FloatBlock.of(FloatBlock.LENGTH);
      for (long column = 0; column < problem.inner(); column += FloatBlock.LENGTH) {
        int count = (int) Math.min(FloatBlock.LENGTH, problem.inner() - column);
        Arrays.fill(state, neutral(problem.function()));
        for (long r = 0; r < problem.reduced(); r++) {
          long at = (outer * problem.reduced() + r) * problem.inner() + column;
          FloatBlock.read(type, operands.input(), at, block, count);
          for (int i = 0; i < count; i += lanes) {
            fold(problem.function(), FloatBlock.load(state, i), FloatBlock.load(block, i))
                .intoArray(state, i);
          }
        }
        finish(problem, state, count);
        FloatBlock.write(type, state, operands.output(), outer * problem.inner() + column, count);
      }
    }

    static FloatVector fold(ReduceFunction function, FloatVector state, FloatVector x) {
      return switch (function) {
        case SUM, MEAN -> state.add(x);
        case MAX -> state.max(x);
        case MIN -> state.min(x);
        case L1 -> state.add(x.abs());
        case L2, SUM_OF_SQUARES -> x.fma(x, state);
        case PRODUCT -> state.mul(x);
      };
    }
  }
}
