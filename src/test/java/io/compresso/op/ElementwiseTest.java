package io.compresso.op;

import static io.compresso.op.OpHarness.longs;
import static io.compresso.op.OpHarness.tensor;
import static io.compresso.op.OpHarness.vector;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ElementwiseTest {
  private static Tensor bytes(DType dtype, int... values) {
    Tensor tensor = Tensor.allocate(dtype, Shape.of(values.length));
    for (int i = 0; i < values.length; i++) {
      tensor.setLong(i, values[i]);
    }
    return tensor;
  }

  private static Tensor unsigned(long... bits) {
    Tensor tensor = Tensor.allocate(DType.UINT64, Shape.of(bits.length));
    for (int i = 0; i < bits.length; i++) {
      tensor.setLong(i, bits[i]);
    }
    return tensor;
  }

  @Test
  void add_wraps_whenBytesOverflow() {
    assertThat(tensor("Add", bytes(DType.INT8, 127, -128), bytes(DType.INT8, 1, -1)).toLongs())
        .containsExactly(-128, 127);
    assertThat(tensor("Add", bytes(DType.UINT8, 255), bytes(DType.UINT8, 2)).toLongs())
        .containsExactly(1);
  }

  @Test
  void add_broadcasts_channelAndRow() {
    Tensor x = Tensor.ofFloats(Shape.of(1, 2, 2), 1, 2, 3, 4);
    assertThat(tensor("Add", x, Tensor.ofFloats(Shape.of(2, 1), 10, 20)).toFloats())
        .containsExactly(11, 12, 23, 24);
    assertThat(tensor("Add", vector(10, 20), x).toFloats()).containsExactly(11, 22, 13, 24);
  }

  @Test
  void add_alignsAtTheAxis_beforeOpset7() {
    Tensor x = Tensor.ofFloats(Shape.of(2, 3, 1), 0, 0, 0, 0, 0, 0);
    Map<String, Attribute> attributes =
        Map.of("broadcast", Attribute.of(1), "axis", Attribute.of(0));
    assertThat(tensor("Add", 6, attributes, x, vector(1, 2)).toFloats())
        .containsExactly(1, 1, 1, 2, 2, 2);
  }

  @Test
  void add_blamesTheNode_whenShapesOrTypesDoNotFit() {
    assertThatThrownBy(() -> tensor("Add", vector(1, 2), vector(1, 2, 3)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("float[2]")
        .hasMessageContaining("float[3]");
    assertThatThrownBy(() -> tensor("Add", vector(1), longs(1)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("different types");
  }

  @Test
  void add_ofEmptyTensors_isEmpty() {
    Tensor none = Tensor.allocate(DType.FLOAT, Shape.of(0, 3));
    assertThat(tensor("Add", none, vector(1, 2, 3)).shape()).isEqualTo(Shape.of(0, 3));
  }

  @Test
  void div_truncatesIntegers_towardsZero() {
    assertThat(tensor("Div", longs(7, -7, 7), longs(2, 2, -2)).toLongs())
        .containsExactly(3, -3, -3);
    assertThat(tensor("Div", unsigned(-1), unsigned(2)).toLongs()).containsExactly(Long.MAX_VALUE);
  }

  @Test
  void div_blamesTheNode_forAnIntegerZero() {
    assertThatThrownBy(() -> tensor("Div", longs(1), longs(0)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("division by 0");
  }

  @Test
  void mod_hasTheDivisorsSign_unlessFmod() {
    assertThat(tensor("Mod", longs(-4, 7, 5), longs(3, -3, 8)).toLongs()).containsExactly(2, -2, 5);
    Map<String, Attribute> fmod = Map.of("fmod", Attribute.of(1));
    assertThat(tensor("Mod", 13, fmod, longs(-4, 7, 5), longs(3, -3, 8)).toLongs())
        .containsExactly(-1, 1, 5);
    assertThat(tensor("Mod", 13, fmod, vector(-4.5f, 7.5f), vector(2, -2)).toFloats())
        .containsExactly(-0.5f, 1.5f);
  }

  @Test
  void max_isNaN_whereOneInputIs() {
    assertThat(tensor("Max", vector(1, Float.NaN, 3), vector(Float.NaN, 2, 2)).toFloats())
        .containsExactly(Float.NaN, Float.NaN, 3);
    assertThat(tensor("Max", unsigned(-1, 1), unsigned(1, 2)).toLongs()).containsExactly(-1, 2);
  }

  @Test
  void relu_keepsNaN_andBlocksNegatives() {
    assertThat(tensor("Relu", vector(-1, 0, 2, Float.NaN)).toFloats())
        .containsExactly(0, 0, 2, Float.NaN);
  }

  @Test
  void relu_mapsEveryElement_ofManyBlocks() {
    Tensor x = Tensor.allocate(DType.FLOAT16, Shape.of(2, 1500));
    for (long i = 0; i < x.size(); i++) {
      x.setFloat(i, i % 2 == 0 ? -1 : i % 100);
    }
    Tensor y = tensor("Relu", x);
    for (long i = 0; i < y.size(); i++) {
      assertThat(y.getFloat(i)).isEqualTo(i % 2 == 0 ? 0 : i % 100);
    }
  }

  @Test
  void round_goesToEven_atHalves() {
    assertThat(tensor("Round", vector(0.5f, 1.5f, 2.5f, -0.5f, -1.5f)).toFloats())
        .containsExactly(0, 2, 2, -0f, -2);
  }

  @Test
  void clip_takesBoundsFromInputsOrAttributes() {
    assertThat(
            tensor("Clip", vector(-5, 0.5f, 5), Tensor.scalar(-1f), Tensor.scalar(1f)).toFloats())
        .containsExactly(-1, 0.5f, 1);
    assertThat(tensor("Clip", vector(-5, 5), null, Tensor.scalar(1f)).toFloats())
        .containsExactly(-5, 1);
    assertThat(tensor("Clip", 6, Map.of("min", Attribute.of(0f)), vector(-5, 5)).toFloats())
        .containsExactly(0, 5);
    assertThat(tensor("Clip", vector(0), Tensor.scalar(2f), Tensor.scalar(1f)).toFloats())
        .as("the upper bound wins")
        .containsExactly(1);
  }

  @Test
  void less_isFalse_forNaN_andUnsignedForUint64() {
    assertThat(tensor("Less", vector(Float.NaN, 1), vector(1, 2)).toLongs()).containsExactly(0, 1);
    assertThat(tensor("Less", unsigned(-1), unsigned(1)).toLongs()).containsExactly(0);
    assertThat(tensor("GreaterOrEqual", vector(Float.NaN), vector(Float.NaN)).toLongs())
        .containsExactly(0);
  }

  @Test
  void pow_keepsTheBasesType_whenTypesDiffer() {
    Tensor y = tensor("Pow", longs(2, 3, -2), vector(3, 2, 3));
    assertThat(y.dtype()).isEqualTo(DType.INT64);
    assertThat(y.toLongs()).containsExactly(8, 9, -8);
    assertThat(tensor("Pow", longs(3, 2), longs(4, -1)).toLongs()).containsExactly(81, 0);
    assertThat(tensor("Pow", vector(3, -2), Tensor.scalar(2f)).toFloats()).containsExactly(9, 4);
  }

  @Test
  void bitShift_gives0_whenEverythingIsShiftedOut() {
    Map<String, Attribute> left = Map.of("direction", Attribute.of("LEFT"));
    assertThat(
            tensor("BitShift", 11, left, bytes(DType.UINT8, 3, 1, 1), bytes(DType.UINT8, 7, 8, 64))
                .toLongs())
        .containsExactly(128, 0, 0);
  }

  @Test
  void where_picksElements_ofAnyType() {
    Tensor condition = Tensor.ofBytes(DType.BOOL, Shape.of(2), (byte) 1, (byte) 0);
    assertThat(tensor("Where", condition, longs(1, 2), Tensor.scalar(9)).toLongs())
        .containsExactly(1, 9);
    assertThat(tensor("Where", condition, vector(1, 2), vector(3, 4)).toFloats())
        .containsExactly(1, 4);
  }

  @Test
  void leakyRelu_andPRelu_scaleNegatives() {
    assertThat(
            tensor("LeakyRelu", 16, Map.of("alpha", Attribute.of(0.5f)), vector(-2, 2)).toFloats())
        .containsExactly(-1, 2);
    Tensor x = Tensor.ofFloats(Shape.of(1, 2, 2), -1, 1, -1, 1);
    assertThat(tensor("PRelu", x, Tensor.ofFloats(Shape.of(2, 1), 2, 3)).toFloats())
        .containsExactly(-2, 1, -3, 1);
  }

  @Test
  void sin_refusesIntegers() {
    assertThatThrownBy(() -> tensor("Sin", longs(1)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("int64");
  }

  @Test
  void dropout_scalesWhatItKeeps_theSameInEachRun() {
    Tensor x = Tensor.allocate(DType.FLOAT, Shape.of(1000));
    for (long i = 0; i < x.size(); i++) {
      x.setFloat(i, 1);
    }
    Tensor training = Tensor.ofBytes(DType.BOOL, Shape.SCALAR, (byte) 1);
    Map<String, Attribute> seed = Map.of("seed", Attribute.of(7));
    float[] y = tensor("Dropout", 13, seed, x, Tensor.scalar(0.25f), training).toFloats();
    int kept = 0;
    for (float value : y) {
      assertThat(value).isIn(0f, (float) (1 / 0.75));
      kept += value > 0 ? 1 : 0;
    }
    assertThat(kept).isBetween(700, 800);
    assertThat(tensor("Dropout", 13, seed, x, Tensor.scalar(0.25f), training).toFloats())
        .containsExactly(y);
    assertThat(tensor("Dropout", 13, seed, x).toFloats()).containsExactly(x.toFloats());
  }
}
