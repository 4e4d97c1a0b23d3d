package io.compresso.op;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.ShapeInference;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.testing.SharedData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What shape rules say of ONNX's own cases never contradicts the expected outputs. */
@Tag("shared-data")
class ShapeRuleSuiteTest {
  private static @Nullable String contradiction(Inferred inferred, Tensor expected) {
    if (!(inferred.type() instanceof TensorType(DType dtype, List<Dim> dims))) {
      return null;
    }
    if (dtype != expected.dtype()) {
      return inferred.type() + " is " + expected;
    }
    if (dims == null) {
      return null;
    }
    boolean fits = dims.size() == expected.shape().rank();
    for (int axis = 0; fits && axis < dims.size(); axis++) {
      Long size = dims.get(axis).sizeOrNull();
      fits = size == null || size == expected.shape().dim(axis);
    }
    return fits ? null : inferred.type() + " is " + expected;
  }

  /** Inference from the inputs' types alone: what the model declares of its outputs is dropped. */
  private static Map<String, Inferred> infer(Model model) {
    Graph graph = model.graph();
    List<ValueInfo> outputs =
        graph.outputs().stream()
            .map(output -> new ValueInfo(output.name(), ValueType.UNKNOWN))
            .toList();
    return ShapeInference.infer(
        model.withGraph(
            new Graph(
                graph.name(),
                graph.inputs(),
                outputs,
                graph.nodes(),
                graph.initializers(),
                Map.of(),
                graph.annotations())));
  }

  @Test
  void shapeRules_neverContradictTheCases() {
    List<String> wrong = new ArrayList<>();
    int known = 0;
    for (Map.Entry<String, Map<String, byte[]>> test : SharedData.suite().entrySet()) {
      byte[] bytes = test.getValue().get("model.onnx");
      if (bytes == null) {
        continue;
      }
      Model model = OnnxCodec.read(bytes);
      List<ValueInfo> outputs = model.graph().outputs();
      for (int i = 0; i < outputs.size(); i++) {
        byte[] file = test.getValue().get("test_data_set_0/output_" + i + ".pb");
        if (file == null || !(outputs.get(i).type() instanceof TensorType)) {
          continue;
        }
        Inferred inferred = infer(model).get(outputs.get(i).name());
        if (inferred == null) {
          continue;
        }
        String contradiction = contradiction(inferred, OnnxCodec.readTensor(file));
        if (contradiction != null) {
          wrong.add(test.getKey() + ": " + contradiction);
        }
        known += inferred.type() instanceof TensorType ? 1 : 0;
      }
    }
    System.out.println("outputs of known type: " + known + ", contradictions: " + wrong.size());
    assertThat(wrong).isEmpty();
  }
}
