package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Annotations;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConformanceTest {
  @TempDir Path folder;

  private void writeCase(String name, String operator, float... expected) throws IOException {
    ValueType type = ValueType.tensor(DType.FLOAT, Shape.of(3));
    Graph graph =
        new Graph(
            "g",
            List.of(new ValueInfo("x", type)),
            List.of(new ValueInfo("y", type)),
            List.of(Node.of(operator, List.of("x"), List.of("y"), Map.of())),
            Map.of(),
            Map.of(),
            Annotations.NONE);
    Model model =
        new Model(
            10,
            Map.of("", 14),
            new Model.Producer("test", "", "", 0),
            graph,
            List.of(),
            Annotations.NONE);
    Path set = Files.createDirectories(folder.resolve(name).resolve("test_data_set_0"));
    Files.write(folder.resolve(name).resolve("model.onnx"), OnnxCodec.write(model));
    Files.write(
        set.resolve("input_0.pb"),
        OnnxCodec.writeTensor("x", Tensor.ofFloats(Shape.of(3), -1, 0, 2)));
    Files.write(
        set.resolve("output_0.pb"),
        OnnxCodec.writeTensor("y", Tensor.ofFloats(Shape.of(3), expected)));
  }

  @Test
  void run_sortsCasesIntoPassedAndFailed() throws IOException {
    writeCase("test_b", "Relu", 0, 0, 2);
    writeCase("test_a", "Relu", 0, 0, 2.001f);
    writeCase("test_c", "Relu", 0, 0, 3);
    writeCase("test_d", "NoSuchOperator", 0, 0, 2);

    Conformance.Result result = Conformance.ofEngine().run(folder);

    assertThat(result.passed()).containsExactly("test_a", "test_b");
    assertThat(result.failed())
        .extracting(Conformance.Failure::name)
        .containsExactly("test_c", "test_d");
    assertThat(result.failed().getFirst().reason()).contains("element 2 is 2.0, not 3.0");
    assertThat(result.failed().getLast().reason()).contains("NoSuchOperator");
  }

  @Test
  void run_endsACase_thatTakesTooLong() throws IOException {
    writeCase("test_slow", "Relu", 0, 0, 2);
    Conformance conformance =
        new Conformance(
            (_, _) -> {
              Thread.sleep(60_000);
              return Map.of();
            },
            Tolerance.ONNX,
            Duration.ofMillis(50));

    assertThat(conformance.run(folder).failed())
        .singleElement()
        .satisfies(failure -> assertThat(failure.reason()).startsWith("took more than"));
  }

  @Test
  void run_refusesAFolder_withoutCases() {
    assertThatThrownBy(() -> Conformance.ofEngine().run(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("model.onnx");
  }
}
