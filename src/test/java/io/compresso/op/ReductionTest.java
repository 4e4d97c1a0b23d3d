package io.compresso.op;

import static io.compresso.op.OpHarness.longs;
import static io.compresso.op.OpHarness.tensor;
import static io.compresso.op.OpHarness.vector;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReductionTest {
  private static final Tensor CUBE =
      Tensor.ofFloats(Shape.of(2, 3, 2), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);

  @Test
  void reduceSum_takesAxes_asInputAndAsAttribute() {
    assertThat(tensor("ReduceSum", CUBE, longs(1)).toFloats()).containsExactly(9, 12, 27, 30);
    assertThat(tensor("ReduceSum", 11, Map.of("axes", Attribute.ints(-2)), CUBE).toFloats())
        .containsExactly(9, 12, 27, 30);
    assertThat(tensor("ReduceSum", CUBE, longs(0, 2)).toFloats()).containsExactly(18, 26, 34);
  }

  @Test
  void reduceSum_keepsOrDropsAxes() {
    assertThat(tensor("ReduceSum", CUBE, longs(1)).shape()).isEqualTo(Shape.of(2, 1, 2));
    Map<String, Attribute> drop = Map.of("keepdims", Attribute.of(0));
    assertThat(tensor("ReduceSum", 13, drop, CUBE, longs(1)).shape()).isEqualTo(Shape.of(2, 2));
    assertThat(tensor("ReduceSum", 13, drop, CUBE).shape()).isEqualTo(Shape.SCALAR);
  }

  @Test
  void reduceSum_doesNothing_withoutAxesWhenAsked() {
    Map<String, Attribute> noop = Map.of("noop_with_empty_axes", Attribute.of(1));
    assertThat(tensor("ReduceSum", 13, noop, CUBE).toFloats()).containsExactly(CUBE.toFloats());
    assertThat(tensor("ReduceSum", 13, noop, CUBE, longs()).shape()).isEqualTo(CUBE.shape());
    assertThat(tensor("ReduceSum", CUBE, longs()).toFloats()).containsExactly(78);
  }

  @Test
  void reduceSum_isExact_forLargeLongs() {
    Tensor x = longs(Long.MAX_VALUE - 2, 1, 1);
    assertThat(tensor("ReduceSum", x).toLongs()).containsExactly(Long.MAX_VALUE);
  }

  @Test
  void reductions_ofNothing_areNeutral() {
    Tensor none = Tensor.allocate(DType.FLOAT, Shape.of(2, 0));
    assertThat(tensor("ReduceSum", none, longs(1)).toFloats()).containsExactly(0, 0);
    assertThat(tensor("ReduceProd", none, longs(1)).toFloats()).containsExactly(1, 1);
    assertThat(tensor("ReduceMax", none, longs(1)).toFloats())
        .containsExactly(Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY);
    assertThat(tensor("ReduceMin", none, longs(1)).toFloats())
        .containsExactly(Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY);
    assertThat(tensor("ReduceLogSumExp", none, longs(1)).toFloats())
        .containsExactly(Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY);
  }

  @Test
  void reduceLogSumExp_doesNotOverflow_overManyBlocks() {
    Tensor x = Tensor.allocate(DType.FLOAT, Shape.of(3000));
    for (long i = 0; i < x.size(); i++) {
      x.setFloat(i, i < 2999 ? -1000 : 1000);
    }
    assertThat(tensor("ReduceLogSumExp", x).toFloats()).containsExactly(1000);
    assertThat(tensor("ReduceLogSumExp", vector(1, 2, 3)).getFloat(0))
        .isCloseTo(3.4076059f, within(1e-6f));
  }

  @Test
  void reduceMax_isNaN_whereThereIsOne() {
    assertThat(tensor("ReduceMax", vector(1, Float.NaN, 3)).toFloats()).containsExactly(Float.NaN);
  }

  @Test
  void reduceMin_ofBytes_staysInTheirType() {
    Tensor y =
        tensor("ReduceMin", Tensor.ofBytes(DType.INT8, Shape.of(3), (byte) 3, (byte) -7, (byte) 5));
    assertThat(y.dtype()).isEqualTo(DType.INT8);
    assertThat(y.toLongs()).containsExactly(-7);
  }

  @Test
  void reduction_blamesTheNode_forAnAxisOutside() {
    assertThatThrownBy(() -> tensor("ReduceMean", CUBE, longs(3)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("axis 3");
  }

  @Test
  void argMax_takesTheFirstOrTheLast_ofEquals() {
    Tensor x = Tensor.ofFloats(Shape.of(2, 3), 1, 5, 5, 2, 2, 1);
    assertThat(tensor("ArgMax", 13, Map.of("axis", Attribute.of(1)), x).toLongs())
        .containsExactly(1, 0);
    assertThat(
            tensor(
                    "ArgMax",
                    13,
                    Map.of("axis", Attribute.of(1), "select_last_index", Attribute.of(1)),
                    x)
                .toLongs())
        .containsExactly(2, 1);
  }

  @Test
  void softmax_sumsTo1_alongAnyAxis_withHugeInputs() {
    Tensor x = Tensor.ofFloats(Shape.of(2, 2), 1000, -1000, 1001, -1000);
    assertThat(tensor("Softmax", x).toFloats()).containsExactly(1, 0, 1, 0);
    float[] columns = tensor("Softmax", 13, Map.of("axis", Attribute.of(0)), x).toFloats();
    assertThat(columns[0] + columns[2]).isCloseTo(1, within(1e-6f));
    assertThat(columns[0]).isCloseTo(0.26894142f, within(1e-6f));
    assertThat(columns[1]).isEqualTo(0.5f);
  }

  @Test
  void softmax_flattens_beforeOpset13() {
    Tensor x = Tensor.ofFloats(Shape.of(1, 2, 2), 0, 0, 0, 0);
    assertThat(tensor("Softmax", 11, Map.of(), x).toFloats())
        .containsExactly(0.25f, 0.25f, 0.25f, 0.25f);
    assertThat(tensor("Softmax", x).toFloats()).containsExactly(0.5f, 0.5f, 0.5f, 0.5f);
  }

  @Test
  void cumSum_runsEitherWay_withOrWithoutItself() {
    Tensor x = vector(1, 2, 3);
    Tensor axis = Tensor.ofInts(Shape.SCALAR, 0);
    assertThat(tensor("CumSum", x, axis).toFloats()).containsExactly(1, 3, 6);
    assertThat(
            tensor(
                    "CumSum",
                    14,
                    Map.of("exclusive", Attribute.of(1), "reverse", Attribute.of(1)),
                    x,
                    axis)
                .toFloats())
        .containsExactly(5, 3, 0);
  }

  @Test
  void topK_breaksTies_byIndex() {
    var outputs = OpHarness.run("TopK", vector(3, 1, 3, 2), longs(3));
    assertThat(((Tensor) outputs.get(0)).toFloats()).containsExactly(3, 3, 2);
    assertThat(((Tensor) outputs.get(1)).toLongs()).containsExactly(0, 2, 3);
  }
}
