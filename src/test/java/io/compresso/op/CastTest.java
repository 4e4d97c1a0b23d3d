package io.compresso.op;

import static io.compresso.op.OpHarness.tensor;
import static io.compresso.op.OpHarness.vector;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class CastTest {
  private static Tensor cast(Tensor x, DType to) {
    return tensor("Cast", 22, Map.of("to", Attribute.of(to.code())), x);
  }

  private static List<String> strings(Tensor x) {
    Tensor y = cast(x, DType.STRING);
    return LongStream.range(0, y.size())
        .mapToObj(i -> new String(y.getString(i), StandardCharsets.UTF_8))
        .toList();
  }

  private static Tensor texts(String... values) {
    return Tensor.ofStrings(
        Shape.of(values.length),
        Arrays.stream(values).map(value -> value.getBytes(StandardCharsets.UTF_8)).toList());
  }

  @Test
  void floats_truncate_toIntegers() {
    assertThat(cast(vector(1.9f, -1.9f, 300), DType.INT32).toLongs()).containsExactly(1, -1, 300);
    assertThat(cast(vector(300), DType.UINT8).toLongs()).as("low bits").containsExactly(44);
  }

  @Test
  void anythingBut0_isTrue() {
    assertThat(cast(vector(0, -0f, 0.25f, Float.NaN), DType.BOOL).toLongs())
        .containsExactly(0, 0, 1, 1);
  }

  @Test
  void largeUnsigned_keepsItsValue() {
    assertThat(cast(Tensor.ofDoubles(Shape.of(1), 0x1p63), DType.UINT64).toLongs())
        .containsExactly(Long.MIN_VALUE);
    Tensor all = Tensor.allocate(DType.UINT64, Shape.of(1));
    all.setLong(0, -1);
    assertThat(cast(all, DType.DOUBLE).getDouble(0)).isEqualTo(0x1p64);
    assertThat(strings(all)).containsExactly("18446744073709551615");
  }

  @Test
  void floats_print_asShortAsExact() {
    assertThat(strings(vector(0.1f, 1, -2.5f, 1e10f, 1e-7f, Float.NaN, Float.NEGATIVE_INFINITY)))
        .containsExactly("0.1", "1", "-2.5", "1e+10", "1e-07", "NaN", "-INF");
  }

  @Test
  void strings_parse_orBlameTheElement() {
    assertThat(cast(texts("3.5", "-inf", "1e3", "NaN"), DType.FLOAT).toFloats())
        .containsExactly(3.5f, Float.NEGATIVE_INFINITY, 1000, Float.NaN);
    assertThat(cast(texts("42"), DType.INT64).toLongs()).containsExactly(42);
    assertThatThrownBy(() -> cast(texts("1", "two"), DType.INT64))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("element 1")
        .hasMessageContaining("two");
  }

  @Test
  void smallFloats_saturate_unlessToldNot() {
    Tensor x = vector(1e6f);
    assertThat(cast(x, DType.FLOAT8E4M3FN).getFloat(0)).isEqualTo(448);
    Tensor y =
        tensor(
            "Cast",
            22,
            Map.of("to", Attribute.of(DType.FLOAT8E4M3FN.code()), "saturate", Attribute.of(0)),
            x);
    assertThat(y.getFloat(0)).isNaN();
  }

  @Test
  void e8m0_roundsItsExponent_byTheMode() {
    Map<String, Float> expected = Map.of("up", 4f, "down", 2f, "nearest", 2f);
    expected.forEach((mode, value) -> {
      Tensor y =
          tensor(
              "Cast",
              24,
              Map.of("to", Attribute.of(DType.FLOAT8E8M0.code()), "round_mode", Attribute.of(mode)),
              vector(2.5f));
      assertThat(y.getFloat(0)).as(mode).isEqualTo(value);
    });
  }

  @Test
  void target_thatIsNoType_isBlamed() {
    assertThatThrownBy(() -> tensor("Cast", 13, Map.of("to", Attribute.of(99)), vector(1)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("99");
    assertThatThrownBy(() -> tensor("Cast", 13, Map.of(), vector(1)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("'to' is missing");
  }

  @Test
  void bitCast_readsTheSameBits() {
    Tensor y =
        tensor("BitCast", 26, Map.of("to", Attribute.of(DType.INT32.code())), vector(1, -0f));
    assertThat(y.toLongs()).containsExactly(0x3F800000, Integer.MIN_VALUE);
    assertThatThrownBy(() -> tensor("BitCast", 26, Map.of("to", Attribute.of(7)), vector(1)))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("int64");
  }
}
