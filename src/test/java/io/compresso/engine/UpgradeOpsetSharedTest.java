package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.onnx.OnnxCodec;
import io.compresso.onnx.OnnxFormatException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.testing.OrtRunner;
import io.compresso.testing.SharedData;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Real models and ONNX's test cases mean the same in a newer operator set. */
@Tag("shared-data")
class UpgradeOpsetSharedTest {
  static List<Path> models() {
    return SharedData.models();
  }

  @ParameterizedTest
  @MethodSource("models")
  void realModel_givesTheSameOutputs_inNewerOperatorSets(Path file) throws Exception {
    Model model = OnnxCodec.read(file);
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (ValueInfo input : model.graph().requiredInputs()) {
      inputs.put(input.name(), OrtRunner.random(input.name(), input.type(), 11));
    }
    Map<String, Tensor> expected = run(model, inputs);
    for (int opset : new int[] {13, 15, 18, 21}) {
      Model upgraded = Passes.apply(model, List.of(new UpgradeOpset(opset)));
      assertThat(upgraded.opset()).isGreaterThanOrEqualTo(opset);
      assertSame(expected, run(upgraded, inputs));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {13, 18, 21})
  void testCases_giveTheSameOutputs_inNewerOperatorSets(int opset) {
    List<String> failures = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    int compared = 0;
    for (Map.Entry<String, Map<String, byte[]>> entry : SharedData.suite().entrySet()) {
      byte[] bytes = entry.getValue().get("model.onnx");
      if (bytes == null) {
        continue;
      }
      Model model = OnnxCodec.read(bytes);
      if (model.opset() >= opset || model.opset() < 7 || !model.functions().isEmpty()) {
        continue;
      }
      Map<String, Tensor> inputs = new LinkedHashMap<>();
      Map<String, Tensor> expected;
      try {
        inputs = inputs(model, entry.getValue());
        expected = run(model, inputs);
      } catch (OrtException | IllegalArgumentException | OnnxFormatException e) {
        continue;
      }
      try {
        Model upgraded = Passes.apply(model, List.of(new UpgradeOpset(opset)));
        assertSame(expected, run(upgraded, inputs));
        compared++;
      } catch (GraphException e) {
        refused.add(entry.getKey() + ": " + e.getMessage());
      } catch (Exception | AssertionError e) {
        failures.add(entry.getKey() + ": " + e);
      }
    }
    assertThat(failures).isEmpty();
    assertThat(compared).isGreaterThan(20);
    assertThat(refused).hasSizeLessThan(10);
  }

  private static Map<String, Tensor> inputs(Model model, Map<String, byte[]> files) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    List<ValueInfo> names = model.graph().inputs();
    for (int i = 0; i < names.size(); i++) {
      byte[] input = files.get("test_data_set_0/input_" + i + ".pb");
      if (input == null) {
        throw new IllegalArgumentException("no input " + i);
      }
      Tensor tensor = OnnxCodec.readTensor(input);
      if (tensor.dtype() == DType.STRING) {
        throw new IllegalArgumentException("strings");
      }
      inputs.put(names.get(i).name(), tensor);
    }
    return inputs;
  }

  private static Map<String, Tensor> run(Model model, Map<String, Tensor> inputs)
      throws OrtException {
    try (OrtRunner runner = OrtRunner.of(OnnxCodec.write(model), OptLevel.NO_OPT)) {
      return runner.run(inputs);
    }
  }

  private static void assertSame(Map<String, Tensor> expected, Map<String, Tensor> actual) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    expected.forEach((name, tensor) -> {
      assertThat(actual.get(name).shape()).as(name).isEqualTo(tensor.shape());
      for (long i = 0; i < tensor.size(); i++) {
        double difference = Math.abs(actual.get(name).getDouble(i) - tensor.getDouble(i));
        assertThat(
                difference <= 1e-5 + 1e-5 * Math.abs(tensor.getDouble(i))
                    || Double.isNaN(difference))
            .as("%s[%d]: %s, not %s", name, i, actual.get(name).getDouble(i), tensor.getDouble(i))
            .isTrue();
      }
    });
  }

  @Test
  void shapes_areInferred_forEveryTestCase() {
    List<String> failures = new ArrayList<>();
    SharedData.suite()
        .forEach((name, files) -> {
          byte[] bytes = files.get("model.onnx");
          if (bytes != null) {
            try {
              Model model = OnnxCodec.read(bytes);
              if (model.opset() >= 7) {
                ShapeInference.annotate(model);
              }
            } catch (RuntimeException e) {
              failures.add(name + ": " + e);
            }
          }
        });
    assertThat(failures).isEmpty();
  }
}
