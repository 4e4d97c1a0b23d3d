package io.compresso.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.testing.OrtRunner;
import io.compresso.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real models and ONNX's test cases give the same outputs after reading and writing. */
@Tag("shared-data")
class RoundTripTest {
  @TempDir Path folder;

  static List<Path> models() {
    return SharedData.models();
  }

  @ParameterizedTest
  @MethodSource("models")
  void outputs_areBitIdentical_afterReadingAndWriting(Path file) throws Exception {
    Model model = OnnxCodec.read(file);
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (ValueInfo input : model.graph().requiredInputs()) {
      inputs.put(input.name(), OrtRunner.random(input.name(), input.type(), 7));
    }
    Path written = folder.resolve(file.getFileName());
    OnnxCodec.write(model, written);
    for (OptLevel level : List.of(OptLevel.NO_OPT, OptLevel.ALL_OPT)) {
      assertSame(
          run(Files.readAllBytes(file), inputs, level),
          run(Files.readAllBytes(written), inputs, level));
    }
    assertThat(OnnxCodec.write(OnnxCodec.read(written))).isEqualTo(Files.readAllBytes(written));
  }

  private static Map<String, Tensor> run(byte[] model, Map<String, Tensor> inputs, OptLevel level)
      throws OrtException {
    try (OrtRunner runner = OrtRunner.of(model, level)) {
      Map<String, Tensor> outputs = runner.run(inputs);
      assertThat(outputs).isNotEmpty();
      return outputs;
    }
  }

  private static void assertSame(Map<String, Tensor> before, Map<String, Tensor> after) {
    assertThat(after.keySet()).isEqualTo(before.keySet());
    before.forEach((name, tensor) -> {
      assertThat(after.get(name).shape()).as(name).isEqualTo(tensor.shape());
      assertThat(after.get(name).segment().mismatch(tensor.segment())).as(name).isEqualTo(-1);
    });
  }

  @Test
  void suite_survivesReadingAndWriting() throws IOException {
    List<String> failures = new ArrayList<>();
    int compared = 0;
    int read = 0;
    for (Map.Entry<String, Map<String, byte[]>> entry : SharedData.suite().entrySet()) {
      byte[] original = entry.getValue().get("model.onnx");
      if (original == null) {
        continue;
      }
      try {
        byte[] written = OnnxCodec.write(OnnxCodec.read(original));
        assertThat(OnnxCodec.write(OnnxCodec.read(written))).isEqualTo(written);
        read++;
        if (runsAlike(original, written, entry.getValue())) {
          compared++;
        }
      } catch (Exception | AssertionError e) {
        failures.add(entry.getKey() + ": " + e);
      }
    }
    assertThat(failures).isEmpty();
    assertThat(read).isGreaterThan(1000);
    assertThat(compared).isGreaterThan(800);
  }

  /** Whether the peer runs the original; if so it must run what was written to the same outputs. */
  private static boolean runsAlike(byte[] original, byte[] written, Map<String, byte[]> files)
      throws OrtException {
    Model model = OnnxCodec.read(original);
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    Map<String, Tensor> before;
    try (OrtRunner runner = OrtRunner.of(original, OptLevel.NO_OPT)) {
      List<ValueInfo> names = model.graph().inputs();
      for (int i = 0; i < names.size(); i++) {
        byte[] input = files.get("test_data_set_0/input_" + i + ".pb");
        if (input == null) {
          return false;
        }
        Tensor tensor = OnnxCodec.readTensor(input);
        if (tensor.dtype() == DType.STRING) {
          return false;
        }
        inputs.put(names.get(i).name(), tensor);
      }
      before = runner.run(inputs);
    } catch (OrtException | IllegalArgumentException | OnnxFormatException e) {
      return false;
    }
    try (OrtRunner runner = OrtRunner.of(written, OptLevel.NO_OPT)) {
      Map<String, Tensor> after = runner.run(inputs);
      if (model.graph().nodes().stream().noneMatch(node -> isRandom(node.opType()))) {
        assertSame(before, after);
      }
      return true;
    }
  }

  private static boolean isRandom(String opType) {
    return opType.startsWith("Random")
        || opType.equals("Bernoulli")
        || opType.equals("Multinomial")
        || opType.equals("Dropout");
  }
}
