package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.SoftmaxProblem;
import io.compresso.kernel.panel.Chunks;
import io.compresso.tensor.DType;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Softmax and its logarithm in the Vector API: rows that are not contiguous are computed side by
 * side.
 */
public final class VectorSoftmax extends VectorKernel<SoftmaxProblem> {
  private static final int WEIGHT = 8;

  public VectorSoftmax() {
    super(KernelFamily.SOFTMAX, SoftmaxProblem.class, FLOATS);
  }

  @Override
  Acceptance accepts(SoftmaxProblem problem) {
    return Acceptance.when(FLOATS.contains(problem.type()), "elements of type " + problem.type());
  }

  @Override
  void run(SoftmaxProblem problem, Constants constants, Operands operands, int threads) {
    long plane = (long) problem.length() * problem.inner();
    if (plane == 0) {
      return;
    }
    Chunks.run(
        problem.rows(),
        WEIGHT * problem.inputBytes(),
        threads,
        (first, count) -> {
          DType type = problem.type();
          float[] values = FloatBlock.of(plane + FloatBlock.SPECIES.length());
          for (long row = first; row < first + count; row++) {
            FloatBlock.read(type, operands.input(), row * plane, values, (int) plane);
            if (problem.inner() == 1) {
              Registers.line(values, problem.length(), problem.log());
            } else {
              Registers.lines(values, problem.length(), problem.inner(), problem.log());
            }
            FloatBlock.write(type, values, operands.output(), row * plane, (int) plane);
          }
        });
  }

  /** What works on registers, apart: it is loaded where the module is there. */
  private static final class Registers {
    private Registers() {}

    static void line(float[] values, int length, boolean log) {
      int lanes = FloatBlock.SPECIES.length();
      Arrays.fill(values, length, (int) FloatBlock.roundUp(length), Float.NEGATIVE_INFINITY);
      FloatVector greatest = FloatVector.broadcast(FloatBlock.SPECIES, Float.NEGATIVE_INFINITY);
      for (int i = 0; i < length; i += lanes) {
        greatest = greatest.max(FloatBlock.load(values, i));
      }
      float most = greatest.reduceLanes(VectorOperators.MAX);
      FloatVector sums = FloatVector.zero(FloatBlock.SPECIES);
      for (int i = 0; i < length; i += lanes) {
        FloatVector power = FloatBlock.load(values, i).sub(most).lanewise(VectorOperators.EXP);
        sums = sums.add(power);
        if (!log) {
          power.intoArray(values, i);
        }
      }
      float sum = sums.reduceLanes(VectorOperators.ADD);
      float logSum = (float) Math.log(sum);
      for (int i = 0; i < length; i += lanes) {
        FloatVector x = FloatBlock.load(values, i);
        (log ? x.sub(most).sub(logSum) : x.mul(1 / sum)).intoArray(values, i);
      }
    }

    /** Powers that are summed by themselves, so that few roundings meet in a sum. */
    private static final int STRETCH = 256;

    /** Rows whose elements lie {@code inner} apart, a register of rows at a time. */
    static void lines(float[] values, int length, int inner, boolean log) {
      int lanes = FloatBlock.SPECIES.length();
      float[] column = FloatBlock.of((long) length * lanes);
      for (int s = 0; s < inner; s += lanes) {
        int width = Math.min(lanes, inner - s);
        FloatVector greatest = FloatVector.broadcast(FloatBlock.SPECIES, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < length; i++) {
          System.arraycopy(values, i * inner + s, column, i * lanes, width);
          greatest = greatest.max(FloatBlock.load(column, i * lanes));
        }
        FloatVector zero = FloatVector.zero(FloatBlock.SPECIES);
        FloatVector sum = zero;
        FloatVector part = zero;
        for (int i = 0; i < length; i++) {
          FloatVector power =
              FloatBlock.load(column, i * lanes).sub(greatest).lanewise(VectorOperators.EXP);
          part = part.add(power);
          if (i % STRETCH == STRETCH - 1 || i == length - 1) {
            sum = sum.add(part);
            part = zero;
          }
          if (!log) {
            power.intoArray(column, i * lanes);
          }
        }
        FloatVector logSum = sum.lanewise(VectorOperators.LOG);
        for (int i = 0; i < length; i++) {
          FloatVector x = FloatBlock.load(column, i * lanes);
          (log ? x.sub(greatest).sub(logSum) : x.div(sum)).intoArray(column, i * lanes);
          System.arraycopy(column, i * lanes, values, i * inner + s, width);
        }
      }
    }
  }
}
