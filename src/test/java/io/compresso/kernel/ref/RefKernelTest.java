package io.compresso.kernel.ref;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.Broadcast;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.ConvertProblem;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.GatherProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.NormProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.QuantizedBinaryProblem;
import io.compresso.kernel.QuantizedBinaryProblem.Scale;
import io.compresso.kernel.ReduceFunction;
import io.compresso.kernel.ReduceProblem;
import io.compresso.kernel.SoftmaxProblem;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.UnaryFunction;
import io.compresso.kernel.UnaryProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The references of the memory-bound families on values computed by hand. */
class RefKernelTest {
  private static Tensor floats(float... values) {
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(values.length));
    for (int i = 0; i < values.length; i++) {
      tensor.setFloat(i, values[i]);
    }
    return tensor;
  }

  private static Tensor integers(DType type, long... values) {
    Tensor tensor = Tensor.allocate(type, Shape.of(values.length));
    for (int i = 0; i < values.length; i++) {
      tensor.setLong(i, values[i]);
    }
    return tensor;
  }

  private static Tensor run(
      Problem problem, Weights weights, Tensor x, @Nullable Tensor second, DType type) {
    Tensor y = Tensor.allocate(type, Shape.of(problem.outputBytes() * 8 / type.bits()));
    try (PreparedKernel kernel =
        KernelCatalog.prepare(problem, weights, CpuFeatures.host(Isa.REF))) {
      kernel.run(
          new Operands(
              x.segment(), second == null ? null : second.segment(), null, y.segment(), 0, 1),
          1);
    }
    return y;
  }

  @Test
  void unary_keepsNaN() {
    var relu = UnaryProblem.of(UnaryFunction.RELU, DType.FLOAT, 3);
    Tensor y = run(relu, Weights.NONE, floats(-1, Float.NaN, 2), null, DType.FLOAT);
    assertThat(y.toFloats()).containsExactly(0, Float.NaN, 2);
  }

  @Test
  void binary_repeatsAxesOfSizeOne() {
    var problem =
        new BinaryProblem(
            BinaryFunction.SUB, DType.FLOAT, Broadcast.of(Shape.of(2, 1), Shape.of(3)));
    Tensor y = run(problem, Weights.NONE, floats(10, 20), floats(1, 2, 3), DType.FLOAT);
    assertThat(y.toFloats()).containsExactly(9, 8, 7, 19, 18, 17);
  }

  @Test
  void broadcast_isOneAxis_whenShapesAreEqual() {
    assertThat(Broadcast.of(Shape.of(2, 3, 4), Shape.of(2, 3, 4))).isEqualTo(Broadcast.none(24));
    assertThat(Broadcast.of(Shape.of(2, 3, 4), Shape.of(3, 4)).axes())
        .containsExactly(new Broadcast.Axis(2, 12, 0), new Broadcast.Axis(12, 1, 1));
    assertThat(Broadcast.of(Shape.of(2, 0), Shape.of(2, 1)).leftCount()).isZero();
    assertThat(Broadcast.of(Shape.of(2, 0), Shape.of(2, 1)).rightCount()).isEqualTo(2);
  }

  @Test
  void quantizedSum_isInStepsOfTheOutput() {
    var problem =
        new QuantizedBinaryProblem(
            QuantizedBinaryProblem.Function.ADD,
            DType.UINT8,
            Broadcast.none(2),
            new Scale(0.5f, 10),
            new Scale(0.25f, 0),
            new Scale(1, 3));
    Tensor y =
        run(
            problem,
            Weights.NONE,
            integers(DType.UINT8, 20, 255),
            integers(DType.UINT8, 8, 255),
            DType.UINT8);
    assertThat(y.toLongs()).containsExactly(5 + 2 + 3, 189);
  }

  @Test
  void softmax_sumsToOne_alongAnInnerAxis() {
    var problem = new SoftmaxProblem(DType.FLOAT, 1, 2, 2, false);
    float three = (float) Math.log(3);
    Tensor y = run(problem, Weights.NONE, floats(0, 5, three, 5), null, DType.FLOAT);
    assertThat(y.toFloats()).containsExactly(0.25f, 0.5f, 0.75f, 0.5f);
  }

  @Test
  void norm_hasMeanZeroAndVarianceOne() {
    var problem =
        new NormProblem(
            NormProblem.Kind.LAYER, DType.FLOAT, 1, 2, 0, NormProblem.Terms.SCALE_AND_BIAS);
    Weights weights = Weights.of(floats(2, 3).segment()).withBias(floats(10, 20).segment());
    Tensor y = run(problem, weights, floats(4, 8), null, DType.FLOAT);
    assertThat(y.toFloats()).containsExactly(8, 23);
  }

  @Test
  void norm_isRefused_whenItsBiasIsMissing() {
    var problem =
        new NormProblem(
            NormProblem.Kind.RMS, DType.FLOAT, 1, 2, 0, NormProblem.Terms.SCALE_AND_BIAS);
    assertThatThrownBy(() -> KernelCatalog.prepare(problem, Weights.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("bias");
  }

  @Test
  void pool_countsThePadding_whenAsked() {
    List<SpatialAxis> axes = List.of(new SpatialAxis(2, 2, 1, 1, 1, 0));
    var problem = new PoolProblem(PoolProblem.Kind.AVERAGE, DType.FLOAT, Layout.NCHW, 1, 1, axes);
    assertThat(run(problem, Weights.NONE, floats(4, 8), null, DType.FLOAT).toFloats())
        .containsExactly(4, 6);
    var padded =
        new PoolProblem(
            PoolProblem.Kind.AVERAGE_WITH_PADDING, DType.FLOAT, Layout.NCHW, 1, 1, axes);
    assertThat(run(padded, Weights.NONE, floats(4, 8), null, DType.FLOAT).toFloats())
        .containsExactly(2, 6);
  }

  @Test
  void pool_ofBytesIsRequantized() {
    var problem = PoolProblem.global(PoolProblem.Kind.AVERAGE, DType.UINT8, Layout.NHWC, 1, 2, 2);
    Weights weights =
        Weights.NONE.withQuantization(new WeightQuantization(new int[] {10}, new float[] {2}, 5));
    Tensor y = run(problem, weights, integers(DType.UINT8, 10, 20, 13, 200), null, DType.UINT8);
    assertThat(y.toLongs()).containsExactly(8, 205);
  }

  @Test
  void quantization_roundsHalvesToEvenAndSaturates() {
    var problem = ConvertProblem.of(DType.FLOAT, DType.INT8, 5);
    Weights weights =
        Weights.NONE.withQuantization(new WeightQuantization(new int[] {1}, new float[] {2}, 0));
    Tensor y = run(problem, weights, floats(1, 3, -1000, 1e30f, Float.NaN), null, DType.INT8);
    assertThat(y.toLongs()).containsExactly(1, 3, -128, 127, -128);
  }

  @Test
  void dequantization_hasAScaleForEachChannel() {
    var problem = new ConvertProblem(DType.UINT8, DType.FLOAT, 1, 2, 2);
    Weights weights =
        Weights.NONE.withQuantization(
            new WeightQuantization(new int[] {1, 2}, new float[] {0.5f, 4}, 0));
    Tensor y = run(problem, weights, integers(DType.UINT8, 1, 2, 3, 4), null, DType.FLOAT);
    assertThat(y.toFloats()).containsExactly(0, 0.5f, 4, 8);
  }

  @Test
  void reduction_isRefused_whenAxesAreApart() {
    Shape shape = Shape.of(2, 3, 4);
    assertThat(
            ReduceProblem.of(
                ReduceFunction.SUM, DType.FLOAT, shape, new boolean[] {true, false, true}))
        .isEmpty();
    assertThat(
            ReduceProblem.of(
                ReduceFunction.SUM, DType.FLOAT, shape, new boolean[] {false, true, false}))
        .contains(new ReduceProblem(ReduceFunction.SUM, DType.FLOAT, 2, 3, 4));
  }

  @Test
  void copy_transposes() {
    var problem = CopyProblem.transpose(4, Shape.of(2, 3), 1, 0);
    Tensor y = run(problem, Weights.NONE, floats(1, 2, 3, 4, 5, 6), null, DType.FLOAT);
    assertThat(y.toFloats()).containsExactly(1, 4, 2, 5, 3, 6);
  }

  @Test
  void gather_countsNegativeIndicesFromTheEnd() {
    var problem = new GatherProblem(1, 3, 4, 2, DType.INT64);
    Tensor y =
        run(problem, Weights.NONE, floats(1, 2, 3), integers(DType.INT64, -1, 0), DType.FLOAT);
    assertThat(y.toFloats()).containsExactly(3, 1);
    assertThatThrownBy(() ->
            run(problem, Weights.NONE, floats(1, 2, 3), integers(DType.INT64, 0, 3), DType.FLOAT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("index 3 at 1");
  }
}
