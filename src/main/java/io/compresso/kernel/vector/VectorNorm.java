package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.NormProblem;
import io.compresso.kernel.NormProblem.Kind;
import io.compresso.kernel.Operands;
import io.compresso.kernel.panel.Chunks;
import io.compresso.tensor.DType;
import java.util.Arrays;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Layer and root mean square normalization in the Vector API. */
public final class VectorNorm extends VectorKernel<NormProblem> {
  public VectorNorm() {
    super(KernelFamily.NORM, NormProblem.class, FLOATS);
  }

  @Override
  Acceptance accepts(NormProblem problem) {
    return Acceptance.when(FLOATS.contains(problem.type()), "elements of type " + problem.type());
  }

  @Override
  void run(NormProblem problem, Constants constants, Operands operands, int threads) {
    DType type = problem.type();
    int length = problem.length();
    if (length == 0) {
      return;
    }
    float[] scale = FloatBlock.of(length);
    float[] bias = FloatBlock.of(length);
    Arrays.fill(scale, 1);
    if (problem.terms().scale()) {
      FloatBlock.read(type, constants.second(operands), 0, scale, length);
    }
    if (problem.terms().bias()) {
      FloatBlock.read(type, Objects.requireNonNull(constants.bias()), 0, bias, length);
    }
    Chunks.run(
        problem.rows(),
        4 * problem.inputBytes(),
        threads,
        (first, count) -> {
          float[] row = FloatBlock.of(length);
          float[] skip = FloatBlock.of(length);
          for (long r = first; r < first + count; r++) {
            FloatBlock.read(type, operands.input(), r * length, row, length);
            if (problem.terms().skip()) {
              FloatBlock.read(
                  type, Objects.requireNonNull(operands.third()), r * length, skip, length);
              for (int i = 0; i < length; i++) {
                row[i] += skip[i];
              }
            }
            Registers.normalize(problem, row, scale, bias);
            FloatBlock.write(type, row, operands.output(), r * length, length);
          }
        });
  }

  /** What works on registers, apart: it is loaded where the module is there. */
  private static final class Registers {
    private Registers() {}

    static void normalize(NormProblem problem, float[] row, float[] scale, float[] bias) {
      int length = problem.length();
      int lanes = FloatBlock.SPECIES.length();
      float mean = 0;
      if (problem.kind() == Kind.LAYER) {
        Arrays.fill(row, length, row.length, 0);
        FloatVector sums = FloatVector.zero(FloatBlock.SPECIES);
        for (int i = 0; i < length; i += lanes) {
          sums = sums.add(FloatBlock.load(row, i));
        }
        mean = sums.reduceLanes(VectorOperators.ADD) / length;
      }
      Arrays.fill(row, length, row.length, mean);
      FloatVector squares = FloatVector.zero(FloatBlock.SPECIES);
      for (int i = 0; i < length; i += lanes) {
        FloatVector difference = FloatBlock.load(row, i).sub(mean);
        squares = difference.fma(difference, squares);
      }
      float variance = squares.reduceLanes(VectorOperators.ADD) / length;
      float factor = 1 / (float) Math.sqrt(variance + problem.epsilon());
      for (int i = 0; i < length; i += lanes) {
        FloatBlock.load(row, i)
            .sub(mean)
            .mul(factor)
            .mul(FloatBlock.load(scale, i))
            .add(FloatBlock.load(bias, i))
            .intoArray(row, i);
      }
    }
  }
}
