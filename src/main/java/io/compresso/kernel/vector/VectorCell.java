package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CellProblem;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.UnaryFunction;
import io.compresso.kernel.UnaryProblem;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.Set;

/** Steps of recurrent cells in the Vector API. */
public final class VectorCell extends VectorKernel<CellProblem> {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  public VectorCell() {
    super(KernelFamily.CELL, CellProblem.class, Set.of(DType.FLOAT));
  }

  @Override
  Acceptance accepts(CellProblem problem) {
    return Acceptance.YES;
  }

  @Override
  void run(CellProblem problem, Constants constants, Operands operands, int threads) {
    bind(problem, constants, operands, threads).run();
  }

  @Override
  Runnable bind(CellProblem problem, Constants constants, Operands operands, int threads) {
    return new Step(
        problem,
        operands.input(),
        constants.second(operands),
        Objects.requireNonNull(operands.third()),
        operands.output());
  }

  /** A step on fixed memory. */
  private static final class Step implements Runnable {
    private final CellProblem problem;
    private final MemorySegment sums;
    private final MemorySegment data;
    private final MemorySegment kept;
    private final MemorySegment output;
    private final UnaryProblem[] functions;
    private final float[][] gates;
    private final float[] added;
    private final float[] state;

    Step(
        CellProblem problem,
        MemorySegment sums,
        MemorySegment data,
        MemorySegment kept,
        MemorySegment output) {
      this.problem = problem;
      this.sums = sums;
      this.data = data;
      this.kept = kept;
      this.output = output;
      this.functions = new UnaryProblem[problem.functions().size()];
      for (int i = 0; i < functions.length; i++) {
        UnaryFunction function = problem.functions().get(i);
        functions[i] = UnaryProblem.of(function, DType.FLOAT, problem.columns());
      }
      this.gates = new float[problem.kind().gates()][];
      for (int gate = 0; gate < gates.length; gate++) {
        gates[gate] = FloatBlock.of(problem.columns());
      }
      this.added = FloatBlock.of(problem.columns());
      this.state = FloatBlock.of(problem.columns());
    }

    @Override
    public void run() {
      float greatest = 0;
      for (int row = 0; row < problem.rows(); row++) {
        long at = (long) row * problem.width() + problem.first();
        read(kept, at, state);
        switch (problem.kind()) {
          case LSTM -> shortTerm(row, at);
          case GRU -> gated(row);
        }
        write(at);
        for (int j = 0; j < problem.columns(); j++) {
          greatest = Math.max(greatest, Math.abs(state[j]));
        }
      }
      if (problem.columns() > 0) {
        output.set(FLOAT, problem.magnitudeAt(), greatest);
      }
    }

    private void shortTerm(int row, long at) {
      float[] in = sum(row, 0, 0);
      float[] forget = sum(row, 2, 0);
      float[] cell = sum(row, 3, 1);
      for (int j = 0; j < state.length; j++) {
        state[j] = forget[j] * state[j] + in[j] * cell[j];
      }
      write(problem.cells() + at);
      VectorFunctions.apply(functions[2], state, problem.columns());
      float[] out = sum(row, 1, 0);
      for (int j = 0; j < state.length; j++) {
        state[j] = out[j] * state[j];
      }
    }

    private void gated(int row) {
      float[] update = sum(row, 0, 0);
      float[] reset = sum(row, 1, 0);
      float[] candidate = gates[2];
      read(sums, group(row, 2), candidate);
      read(data, group(row, 2), added);
      for (int j = 0; j < state.length; j++) {
        candidate[j] = added[j] + reset[j] * candidate[j];
      }
      VectorFunctions.apply(functions[1], candidate, problem.columns());
      for (int j = 0; j < state.length; j++) {
        state[j] = (1 - update[j]) * candidate[j] + update[j] * state[j];
      }
    }

    /** A gate with one of the functions. */
    private float[] sum(int row, int gate, int function) {
      float[] result = gates[gate];
      read(sums, group(row, gate), result);
      read(data, group(row, gate), added);
      for (int j = 0; j < result.length; j++) {
        result[j] += added[j];
      }
      VectorFunctions.apply(functions[function], result, problem.columns());
      return result;
    }

    private long group(int row, int gate) {
      return ((long) row * gates.length + gate) * problem.columns();
    }

    private void read(MemorySegment from, long at, float[] to) {
      FloatBlock.read(DType.FLOAT, from, at, to, problem.columns());
    }

    private void write(long at) {
      FloatBlock.write(DType.FLOAT, state, output, at, problem.columns());
    }
  }
}
