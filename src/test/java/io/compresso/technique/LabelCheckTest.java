package io.compresso.technique;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.data.DatasetSchema.LabelSchema;
import io.compresso.data.LabelKind;
import io.compresso.graph.Annotations;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LabelCheckTest {
  private static Model model(@Nullable List<Dim> dims) {
    ValueType type = new ValueType.TensorType(DType.FLOAT, dims);
    Graph graph =
        new Graph(
            "g",
            List.of(new ValueInfo("x", type)),
            List.of(new ValueInfo("y", type)),
            List.of(Node.of("Relu", List.of("x"), List.of("y"), Map.of())),
            Map.of(),
            Map.of(),
            Annotations.NONE);
    return new Model(
        8, Map.of("", 17), new Model.Producer("", "", "", 0), graph, List.of(), Annotations.NONE);
  }

  private static LabelSchema labels(LabelKind kind, int size) {
    return new LabelSchema(kind, "label", size, List.of());
  }

  @Test
  void labels_doNotFit_whenTheyHaveMoreClassesThanAnyOutputHasElements() {
    Model twelve = model(List.of(Dim.symbol("N"), Dim.of(12)));

    assertThat(LabelCheck.fits(twelve, labels(LabelKind.CLASS, 20))).isFalse();
    assertThat(LabelCheck.fits(twelve, labels(LabelKind.CLASS, 12))).isTrue();
    assertThat(LabelCheck.fits(twelve, labels(LabelKind.CLASS, 10))).isTrue();
    assertThat(LabelCheck.fits(twelve, labels(LabelKind.REGRESSION, 1))).isFalse();
    assertThat(LabelCheck.fits(twelve, labels(LabelKind.MULTI_LABEL, 12))).isTrue();
  }

  @Test
  void labels_mayFit_whenTheOutputsShapeIsNotKnown() {
    LabelSchema many = labels(LabelKind.CLASS, 1000);

    assertThat(LabelCheck.fits(model(null), many)).isTrue();
    assertThat(LabelCheck.fits(model(List.of(Dim.of(1), Dim.symbol("C"))), many)).isTrue();
    assertThat(LabelCheck.fits(model(List.of(Dim.of(7))), many)).isTrue();
    assertThat(LabelCheck.fits(model(List.of(Dim.symbol("N"), Dim.of(1))), many)).isTrue();
  }

  @Test
  void metric_isOfTheKindOfLabels() {
    assertThat(LabelCheck.gives(LabelKind.CLASS, "top1")).isTrue();
    assertThat(LabelCheck.gives(LabelKind.CLASS, "mae")).isFalse();
    assertThat(LabelCheck.gives(LabelKind.REGRESSION, "mae")).isTrue();
    assertThat(LabelCheck.gives(LabelKind.REGRESSION, "top1")).isFalse();
    assertThat(LabelCheck.gives(LabelKind.MULTI_LABEL, "auc")).isTrue();
    assertThat(LabelCheck.gives(LabelKind.MULTI_LABEL, "top5")).isFalse();
  }
}
