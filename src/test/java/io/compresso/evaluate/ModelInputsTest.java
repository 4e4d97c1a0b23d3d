package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Annotations;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ModelInputsTest {
  private static final Dim FREE = Dim.symbol("n");

  @Test
  void takesBatch_ofOne_whenTheGraphFixesAnother() {
    Graph graph = graph(List.of(Dim.of(3), Dim.of(3), Dim.of(300), Dim.of(300)));

    assertThat(ModelInputs.takesBatch(graph, 1)).isTrue();
    assertThat(ModelInputs.takesBatch(graph, 3)).isTrue();
    assertThat(ModelInputs.takesBatch(graph, 8)).isFalse();
    assertThat(ModelInputs.batchOf(graph, 1)).isEqualTo(3);
    assertThat(ModelInputs.random(graph, 1, 1).get("x0").shape())
        .isEqualTo(Shape.of(3, 3, 300, 300));
  }

  @Test
  void takesBatch_ofOneAlone_whenStatesHaveTheBatchInside() {
    Graph graph = graph(List.of(Dim.of(1), FREE), List.of(Dim.of(2), Dim.of(1), Dim.of(64)));

    assertThat(ModelInputs.takesBatch(graph, 1)).isTrue();
    assertThat(ModelInputs.takesBatch(graph, 8)).isFalse();
    assertThat(ModelInputs.batchOf(graph, 1)).isEqualTo(1);
  }

  @Test
  void takesBatch_ofAnySize_whenADimensionIsFree() {
    Graph graph = graph(List.of(FREE, Dim.of(3)), List.of(Dim.of(2), FREE, Dim.of(64)), List.of());

    assertThat(ModelInputs.takesBatch(graph, 8)).isTrue();
    assertThat(ModelInputs.batchOf(graph, 8)).isEqualTo(8);
    assertThat(ModelInputs.random(graph, 8, 1).get("x1").shape()).isEqualTo(Shape.of(2, 8, 64));
  }

  @SafeVarargs
  private static Graph graph(List<Dim>... inputs) {
    List<ValueInfo> infos =
        IntStream.range(0, inputs.length)
            .mapToObj(i -> new ValueInfo("x" + i, new ValueType.TensorType(DType.FLOAT, inputs[i])))
            .toList();
    return new Graph(
        "test", infos, List.of(infos.getFirst()), List.of(), Map.of(), Map.of(), Annotations.NONE);
  }
}
