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
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextAndSignalTest {
  private static Tensor texts(String... values) {
    return Tensor.ofStrings(
        Shape.of(values.length),
        Arrays.stream(values).map(value -> value.getBytes(StandardCharsets.UTF_8)).toList());
  }

  private static List<String> strings(Tensor y) {
    return LongStream.range(0, y.size())
        .mapToObj(i -> new String(y.getString(i), StandardCharsets.UTF_8))
        .toList();
  }

  @Test
  void stringSplit_padsToTheLongest() {
    var outputs = OpHarness.run("StringSplit", texts(" a  b c ", "d"));
    assertThat(strings((Tensor) outputs.get(0))).containsExactly("a", "b", "c", "d", "", "");
    assertThat(((Tensor) outputs.get(1)).toLongs()).containsExactly(3, 1);
    Tensor y =
        tensor(
            "StringSplit",
            20,
            Map.of("delimiter", Attribute.of("-"), "maxsplit", Attribute.of(1)),
            texts("a-b-c", "d"));
    assertThat(strings(y)).containsExactly("a", "b-c", "d", "");
  }

  @Test
  void stringConcat_broadcasts() {
    assertThat(strings(tensor("StringConcat", texts("a", "b"), texts("é"))))
        .containsExactly("aé", "bé");
  }

  @Test
  void regexFullMatch_matchesTheWhole() {
    Map<String, Attribute> digits = Map.of("pattern", Attribute.of("[0-9]+"));
    assertThat(tensor("RegexFullMatch", 20, digits, texts("12", "12a")).toLongs())
        .containsExactly(1, 0);
    assertThatThrownBy(
            () -> tensor("RegexFullMatch", 20, Map.of("pattern", Attribute.of("(")), texts("a")))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("pattern");
  }

  @Test
  void regexFullMatch_givesUp_whenAPatternGoesBackForever() {
    Map<String, Attribute> nested = Map.of("pattern", Attribute.of("(a|aa|a.)+(b|c)"));
    assertThatThrownBy(() -> tensor("RegexFullMatch", 20, nested, texts("a".repeat(2000) + "d")))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("element 0");
  }

  @Test
  void labelEncoder_mapsKeys_andTakesTheDefault() {
    Map<String, Attribute> attributes =
        Map.of(
            "keys_strings",
            new Attribute.Strings(List.of(new byte[] {'a'}, new byte[] {'b'})),
            "values_int64s",
            Attribute.ints(5, 6),
            "default_int64",
            Attribute.of(9));
    assertThat(tensor("LabelEncoder", 4, attributes, texts("b", "x", "a")).toLongs())
        .containsExactly(6, 9, 5);
  }

  @Test
  void tfIdf_countsSkippedBigrams() {
    Map<String, Attribute> attributes =
        Map.of(
            "mode", Attribute.of("TF"),
            "min_gram_length", Attribute.of(2),
            "max_gram_length", Attribute.of(2),
            "max_skip_count", Attribute.of(1),
            "ngram_counts", Attribute.ints(0, 1),
            "ngram_indexes", Attribute.ints(0, 1, 2),
            "pool_int64s", Attribute.ints(5, 1, 2, 1, 3));
    assertThat(tensor("TfIdfVectorizer", 9, attributes, longs(1, 2, 3, 1, 2)).toFloats())
        .containsExactly(0, 2, 1);
  }

  @ParameterizedTest(name = "length {0}")
  @ValueSource(ints = {1, 2, 3, 5, 8, 12, 17, 64, 100})
  void dft_equalsItsDefinition_andIsInverted(int n) {
    Random random = new Random(n);
    Tensor x = Tensor.allocate(DType.DOUBLE, Shape.of(1, n, 2));
    for (long i = 0; i < x.size(); i++) {
      x.setDouble(i, random.nextGaussian());
    }
    Tensor y = tensor("DFT", 20, Map.of(), x);
    for (int k = 0; k < n; k++) {
      double re = 0;
      double im = 0;
      for (int t = 0; t < n; t++) {
        double angle = -2 * Math.PI * k * t / n;
        re += x.getDouble(2L * t) * Math.cos(angle) - x.getDouble(2L * t + 1) * Math.sin(angle);
        im += x.getDouble(2L * t) * Math.sin(angle) + x.getDouble(2L * t + 1) * Math.cos(angle);
      }
      assertThat(y.getDouble(2L * k)).isCloseTo(re, within(1e-10));
      assertThat(y.getDouble(2L * k + 1)).isCloseTo(im, within(1e-10));
    }
    Tensor back = tensor("DFT", 20, Map.of("inverse", Attribute.of(1)), y);
    for (long i = 0; i < x.size(); i++) {
      assertThat(back.getDouble(i)).isCloseTo(x.getDouble(i), within(1e-12));
    }
  }

  @ParameterizedTest(name = "length {0}")
  @ValueSource(ints = {4, 6, 7})
  void dft_onesided_isInverted_givenTheLength(int n) {
    Tensor x = Tensor.allocate(DType.DOUBLE, Shape.of(1, n, 1));
    for (long i = 0; i < n; i++) {
      x.setDouble(i, i * i % 5);
    }
    Tensor y = tensor("DFT", 20, Map.of("onesided", Attribute.of(1)), x);
    assertThat(y.shape()).isEqualTo(Shape.of(1, n / 2 + 1, 2));
    Tensor back =
        tensor(
            "DFT",
            20,
            Map.of("onesided", Attribute.of(1), "inverse", Attribute.of(1)),
            y,
            Tensor.scalar((long) n));
    assertThat(back.shape()).isEqualTo(x.shape());
    for (long i = 0; i < n; i++) {
      assertThat(back.getDouble(i)).isCloseTo(x.getDouble(i), within(1e-12));
    }
  }

  @Test
  void stft_windowsEachFrame() {
    Tensor signal = Tensor.ofFloats(Shape.of(1, 6), 1, 1, 1, 1, 1, 1);
    Tensor y = tensor("STFT", 17, Map.of(), signal, Tensor.scalar(2L), vector(0, 1, 1, 0));
    assertThat(y.shape()).isEqualTo(Shape.of(1, 2, 3, 2));
    assertThat(y.getFloat(0)).isCloseTo(2, within(1e-6f));
    assertThat(y.getFloat(6)).isCloseTo(2, within(1e-6f));
  }

  @Test
  void windows_arePeriodicOrSymmetric() {
    assertThat(tensor("HannWindow", Tensor.scalar(4L)).toFloats())
        .containsExactly(new float[] {0, 0.5f, 1, 0.5f}, within(1e-6f));
    assertThat(
            tensor("HannWindow", 17, Map.of("periodic", Attribute.of(0)), Tensor.scalar(5L))
                .toFloats())
        .containsExactly(new float[] {0, 0.5f, 1, 0.5f, 0}, within(1e-6f));
  }

  @Test
  void randomNumbers_followTheirSeed_andTheirDistribution() {
    Map<String, Attribute> attributes =
        Map.of(
            "shape", Attribute.ints(5000),
            "mean", Attribute.of(2f),
            "scale", Attribute.of(3f),
            "seed", Attribute.of(1f));
    float[] drawn = tensor("RandomNormal", 1, attributes).toFloats();
    double mean = 0;
    for (float value : drawn) {
      mean += value / drawn.length;
    }
    double variance = 0;
    for (float value : drawn) {
      variance += (value - mean) * (value - mean) / drawn.length;
    }
    assertThat(mean).isCloseTo(2, within(0.2));
    assertThat(Math.sqrt(variance)).isCloseTo(3, within(0.2));
    assertThat(tensor("RandomNormal", 1, attributes).toFloats()).containsExactly(drawn);
  }
}
