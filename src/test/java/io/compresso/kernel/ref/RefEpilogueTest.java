package io.compresso.kernel.ref;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.compresso.kernel.Activation;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.ResidualQuantization;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RefEpilogueTest {
  /** Values of the functions at 1 and -2, from tables of erf, tanh and exp. */
  @ParameterizedTest
  @CsvSource({
    "NONE, 1, -2",
    "SIGMOID, 0.7310585786, 0.1192029220",
    "TANH, 0.7615941560, -0.9640275801",
    "GELU, 0.8413447461, -0.0455002639",
    "GELU_TANH, 0.8411919906, -0.0454023059",
    "SWISH, 0.7310585786, -0.2384058440",
    "HARD_SWISH, 0.6666666667, -0.3333333333"
  })
  void activation_isTheFunctionOfItsName(Activation activation, double atOne, double atMinusTwo) {
    assertThat(RefActivation.apply(activation, 1)).isCloseTo(atOne, within(1e-9));
    assertThat(RefActivation.apply(activation, -2)).isCloseTo(atMinusTwo, within(1e-9));
  }

  @Test
  void erf_endsAtOneAndKeepsNan() {
    assertThat(RefActivation.erf(Double.NEGATIVE_INFINITY)).isEqualTo(-1);
    assertThat(RefActivation.erf(0)).isZero();
    assertThat(RefActivation.erf(5.99)).isCloseTo(1, within(1e-15));
    assertThat(RefActivation.erf(Double.NaN)).isNaN();
  }

  @Test
  void residual_isAddedBeforeTheClip() {
    Epilogue epilogue = Epilogue.NONE.withResidual(Residual.ADDED).withRelu();
    GemmProblem problem = GemmProblem.ofFloat(1, 2, 1).withEpilogue(epilogue);
    Tensor y = run(problem, Weights.NONE, floats(2), floats(3, 4), floats(-10, 1));
    assertThat(y.getFloat(0)).isZero();
    assertThat(y.getFloat(1)).isEqualTo(9);
  }

  /** 2 * 3 * 0.5 = 3 and 2 * 90 * 0.5 = 90, plus (r - 1) * 2. */
  @Test
  void residual_isAddedInQuantizedSteps() {
    Tensor y = run(int8(Residual.ADDED), int8Weights(), bytes(2), bytes(3, 90), bytes(6, 1));
    assertThat(y.getLong(0)).isEqualTo(3 + 10 + 5);
    assertThat(y.getLong(1)).isEqualTo(90 + 0 + 5);
  }

  /** The sums 3 and 90 are moved by 60 and saturated to 63 and 127, which stand for 3 and 67. */
  @Test
  void sum_isQuantizedFirstWhenTheGraphDoesSo() {
    Tensor y =
        run(int8(Residual.ADDED_TO_QUANTIZED), int8Weights(), bytes(2), bytes(3, 90), bytes(6, 1));
    assertThat(y.getLong(0)).isEqualTo(Math.round(3 * 0.25) + 10 + 5);
    assertThat(y.getLong(1)).isEqualTo(Math.round(67 * 0.25) + 5);
  }

  private static GemmProblem int8(Residual residual) {
    return GemmProblem.ofFloat(1, 2, 1)
        .withTypes(OperandTypes.all(DType.INT8))
        .withEpilogue(Epilogue.NONE.withResidual(residual));
  }

  private static Weights int8Weights() {
    return Weights.NONE
        .withQuantization(new WeightQuantization(new int[] {0}, new float[] {0.5f}, 5))
        .withResidual(new ResidualQuantization(0.25f, 60, 2, 1));
  }

  private static Tensor floats(float... values) {
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(values.length));
    for (int i = 0; i < values.length; i++) {
      tensor.setFloat(i, values[i]);
    }
    return tensor;
  }

  private static Tensor bytes(int... values) {
    Tensor tensor = Tensor.allocate(DType.INT8, Shape.of(values.length));
    for (int i = 0; i < values.length; i++) {
      tensor.setLong(i, values[i]);
    }
    return tensor;
  }

  private static Tensor run(
      GemmProblem problem, Weights weights, Tensor x, Tensor w, Tensor residual) {
    Tensor y = Tensor.allocate(problem.types().output(), Shape.of(problem.n()));
    try (PreparedKernel kernel =
        KernelCatalog.prepare(problem, weights, CpuFeatures.host(Isa.REF))) {
      kernel.run(
          Operands.of(x.segment(), w.segment(), y.segment()).withThird(residual.segment()), 1);
    }
    return y;
  }
}
