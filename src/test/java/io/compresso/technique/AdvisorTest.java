package io.compresso.technique;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.technique.Advice.Kind;
import io.compresso.technique.Advice.Recommendation;
import io.compresso.technique.Advisor.Facts;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdvisorTest {
  private static final Facts DATA = new Facts(true, true);

  private static ValueType floats(Object... dims) {
    return new ValueType.TensorType(
        DType.FLOAT,
        Arrays.stream(dims)
            .map(dim -> dim instanceof Integer size ? Dim.of(size) : Dim.symbol((String) dim))
            .toList());
  }

  private static Tensor zeros(long... dims) {
    return Tensor.allocate(DType.FLOAT, Shape.of(dims));
  }

  private static Model convolutional(int groups) {
    return Graphs.opset(17)
        .input("x", floats("N", 64, 32, 32))
        .constant("w", zeros(64, 64 / groups, 3, 3))
        .node("c = Conv x w", "group", groups, "pads", new long[] {1L, 1L, 1L, 1L})
        .node("y = Relu c")
        .output("y")
        .model();
  }

  private static Model products(boolean attention) {
    Graphs graphs =
        Graphs.opset(17)
            .input("x", floats("N", "T", 64))
            .constant("w", zeros(64, 64))
            .node("q = MatMul x w");
    if (attention) {
      graphs.node("t = Transpose x", "perm", new long[] {0L, 2L, 1L}).node("y = MatMul q t");
    } else {
      graphs.node("y = Relu q");
    }
    return graphs.output("y").model();
  }

  private static Model recurrent() {
    return Graphs.opset(17)
        .input("x", floats(20, 1, 32))
        .constant("w", zeros(1, 128, 32))
        .constant("r", zeros(1, 128, 32))
        .node("y = LSTM x w r", "hidden_size", 32)
        .output("y")
        .model();
  }

  @Test
  void convolutions_areQuantizedStaticallyFirst() {
    Advice advice = Advisor.advise(convolutional(1), DATA, "x86-avx512vnni");
    assertThat(advice.profile().kind()).isEqualTo(Kind.CONVOLUTIONAL);
    assertThat(advice.profile().macs()).isEqualTo(64L * 64 * 9 * 32 * 32);
    Recommendation first = advice.recommendations().getFirst();
    assertThat(first.title()).isEqualTo("static int8");
    assertThat(first.needs()).isEmpty();
    assertThat(first.expected()).isNotNull();
    assertThat(first.expected().sizeRatio()).isBetween(0.24, 0.26);
    assertThat(first.expected().speedup()).isBetween(1.5, 4.0);
  }

  @Test
  void depthwiseConvolutions_areEqualized() {
    Advice advice = Advisor.advise(convolutional(64), DATA, "x86-avx512vnni");
    assertThat(advice.profile().kind()).isEqualTo(Kind.DEPTHWISE);
    assertThat(advice.recommendations().getFirst().step().toString()).contains("equalize=true");
  }

  @Test
  void staticQuantization_comesLastWhenItsDataIsNotThere() {
    Advice advice = Advisor.advise(convolutional(1), Facts.NONE, "auto");
    assertThat(advice.recommendations().getFirst().title()).isEqualTo("half precision");
    assertThat(advice.recommendations().getLast().needs())
        .containsExactly("100 to 500 examples of the model's inputs as calibration data");
  }

  @Test
  void transformers_areQuantizedDynamicallyFirst() {
    Advice advice = Advisor.advise(products(true), DATA, "x86-avx512vnni");
    assertThat(advice.profile().kind()).isEqualTo(Kind.TRANSFORMER);
    assertThat(advice.recommendations())
        .extracting(Recommendation::title)
        .startsWith("dynamic int8", "static int8");
    assertThat(advice.notes()).anyMatch(note -> note.contains("T=128"));
  }

  @Test
  void recurrentLayers_areQuantizedDynamically() {
    Advice advice = Advisor.advise(recurrent(), Facts.NONE, "arm64-dotprod");
    assertThat(advice.profile().kind()).isEqualTo(Kind.RECURRENT);
    assertThat(advice.recommendations().getFirst().title()).isEqualTo("dynamic int8");
    assertThat(advice.recommendations().getFirst().needs()).isEmpty();
  }

  @Test
  void quantizedModel_isLeftAlone() {
    Model model =
        Graphs.opset(17)
            .input("x", ValueType.tensor(DType.UINT8, Shape.of(4)))
            .constant("s", Tensor.scalar(1f))
            .node("y = DequantizeLinear x s")
            .output("y")
            .model();
    Advice advice = Advisor.advise(model, DATA, "auto");
    assertThat(advice.profile().quantized()).isTrue();
    assertThat(advice.recommendations()).isEmpty();
    assertThat(advice.notes().getFirst()).contains("quantized already");
  }

  /** What is recommended is a step that the catalogue takes. */
  @ParameterizedTest
  @ValueSource(strings = {"conv", "depthwise", "products", "attention", "recurrent"})
  void step_isAcceptedByTheCatalogue(String kind) {
    Model model =
        switch (kind) {
          case "conv" -> convolutional(1);
          case "depthwise" -> convolutional(64);
          case "products" -> products(false);
          case "attention" -> products(true);
          default -> recurrent();
        };
    List<Recommendation> recommendations = Advisor.advise(model, DATA, "x86-amx").recommendations();
    assertThat(recommendations).isNotEmpty();
    for (Recommendation recommendation : recommendations) {
      Map<String, Object> job = new HashMap<>();
      job.put("model", "m");
      job.put("pipeline", List.of(recommendation.step()));
      assertThat(JobSpec.bind(job).pipeline()).hasSize(1);
    }
  }

  @Test
  void unknownTarget_isRefused() {
    assertThatThrownBy(() -> Advisor.advise(recurrent(), DATA, "mips"))
        .hasMessageStartingWith("unknown target 'mips'; known are auto and x86-64");
  }
}
