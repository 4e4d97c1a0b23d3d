package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.NormProblem;
import io.compresso.kernel.NormProblem.Kind;
import io.compresso.kernel.Operands;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Normalization of rows, in double precision. */
public final class RefNorm extends RefKernel<NormProblem> {
  public RefNorm() {
    super(KernelFamily.NORM, NormProblem.class);
  }

  @Override
  Acceptance accepts(NormProblem problem) {
    return Acceptance.when(
        RefElements.isFloat(problem.type()), "elements of type " + problem.type());
  }

  @Override
  void run(NormProblem problem, Constants constants, Operands operands, int threads) {
    DType type = problem.type();
    int length = problem.length();
    long count = problem.rows() * length;
    var x = RefElements.tensor(type, operands.input(), count);
    var y = RefElements.tensor(type, operands.output(), count);
    double @Nullable [] scale =
        problem.terms().scale() ? doubles(type, constants.second(operands), length) : null;
    double @Nullable [] bias =
        problem.terms().bias()
            ? doubles(type, Objects.requireNonNull(constants.bias()), length)
            : null;
    MemorySegment skip = operands.third();
    double[] row = new double[length];
    for (long r = 0; r < problem.rows(); r++) {
      for (int i = 0; i < length; i++) {
        row[i] = x.getDouble(r * length + i);
        if (skip != null && problem.terms().skip()) {
          row[i] += RefElements.tensor(type, skip, count).getDouble(r * length + i);
        }
      }
      double mean = problem.kind() == Kind.RMS ? 0 : mean(row);
      double squares = 0;
      for (double value : row) {
        squares += (value - mean) * (value - mean);
      }
      double factor = 1 / Math.sqrt(squares / length + problem.epsilon());
      for (int i = 0; i < length; i++) {
        double value = (row[i] - mean) * factor * (scale == null ? 1 : scale[i]);
        y.setDouble(r * length + i, bias == null ? value : value + bias[i]);
      }
    }
  }

  private static double[] doubles(DType type, MemorySegment segment, int count) {
    return RefElements.doubles(type, segment, count);
  }

  private static double mean(double[] row) {
    double sum = 0;
    for (double value : row) {
      sum += value;
    }
    return sum / row.length;
  }
}
