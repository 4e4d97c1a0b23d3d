package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelsTest {
  @Test
  void gemm_multipliesAddsAndClips() {
    Tensor a = Tensor.ofFloats(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
    Tensor b = Tensor.ofFloats(Shape.of(2, 3), 1, 0, -1, 2, 1, 1);
    Tensor bias = Tensor.ofFloats(Shape.of(2), 1, -10);
    Tensor c = Tensor.allocate(DType.FLOAT, Shape.of(2, 2));
    GemmProblem problem =
        GemmProblem.ofFloat(2, 2, 3)
            .withTranspose(false, true)
            .withEpilogue(Epilogue.BIAS.withRelu());
    Kernels.run(
        problem, Weights.of(b.segment()).withBias(bias.segment()), a.segment(), c.segment());
    assertThat(c.toFloats()).containsExactly(0, 0, 0, 9);
  }

  @Test
  void gemm_ofBytesSubtractsZeroPointsAndRequantizes() {
    Tensor a = Tensor.ofBytes(DType.UINT8, Shape.of(1, 2), (byte) 255, (byte) 128);
    Tensor b =
        Tensor.ofBytes(DType.INT8, Shape.of(2, 2), (byte) 1, (byte) -128, (byte) 3, (byte) 5);
    Tensor c = Tensor.allocate(DType.UINT8, Shape.of(1, 2));
    GemmProblem problem =
        GemmProblem.ofFloat(1, 2, 2)
            .withTypes(new OperandTypes(DType.UINT8, DType.INT8, DType.UINT8));
    WeightQuantization quantization =
        new WeightQuantization(new int[] {1, 0}, new float[] {0.5f, 0.01f}, 3);
    Kernels.run(
        problem,
        Weights.of(b.segment()).withQuantization(quantization),
        Operands.of(a.segment(), c.segment()).withInputQuantization(127, 1));
    // (255-127)*0 + (128-127)*2 = 2 -> 1 + 3; 128*-128 + 5 = -16379 -> clipped to 0.
    assertThat(c.toLongs()).containsExactly(4, 0);
  }

  @Test
  void conv_slidesPaddedStridedWindows() {
    Tensor x = Tensor.ofFloats(Shape.of(1, 1, 3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9);
    Tensor w = Tensor.ofFloats(Shape.of(1, 1, 2, 2), 1, 10, 100, 1000);
    Tensor y = Tensor.allocate(DType.FLOAT, Shape.of(1, 1, 2, 2));
    SpatialAxis axis = new SpatialAxis(3, 2, 2, 1, 1, 0);
    ConvProblem problem =
        new ConvProblem(
            OperandTypes.FLOAT,
            Layout.NCHW,
            1,
            new Channels(1, 1, 1),
            List.of(axis, axis),
            Epilogue.NONE);
    Kernels.run(problem, Weights.of(w.segment()), x.segment(), y.segment());
    assertThat(y.toFloats()).containsExactly(1000, 3200, 7040, 9865);
  }

  @Test
  void prepare_namesTheProblem_whenNoKernelTakesIt() {
    GemmProblem problem = GemmProblem.ofFloat(1, 1, 1).withTypes(OperandTypes.all(DType.STRING));
    assertThatThrownBy(() -> KernelCatalog.prepare(problem, Weights.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no product of");
  }

  @Test
  void run_refusesSegments_ofAnotherSize() {
    PreparedKernel kernel = KernelCatalog.prepare(GemmProblem.ofFloat(2, 2, 2), Weights.NONE);
    Tensor four = Tensor.allocate(DType.FLOAT, Shape.of(4));
    Tensor three = Tensor.allocate(DType.FLOAT, Shape.of(3));
    assertThatThrownBy(
            () -> kernel.run(Operands.of(four.segment(), three.segment(), four.segment())))
        .hasMessage("second operand must be 16 bytes of native memory, not 12");
    assertThatThrownBy(() -> kernel.run(Operands.of(four.segment(), four.segment())))
        .hasMessage("the second operand of 16 bytes is missing");
  }
}
