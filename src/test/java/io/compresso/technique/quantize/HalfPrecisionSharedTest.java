package io.compresso.technique.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import io.compresso.technique.Technique;
import io.compresso.tensor.Tensor;
import io.compresso.testing.SharedData;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every real model converts to half precision, loads in ONNX Runtime, and means the same there. */
@Tag("shared-data")
class HalfPrecisionSharedTest {
  private static final Set<String> ALREADY_QUANTIZED =
      Set.of("ort-qdq-multi-consumer.onnx", "tract-qlstm.onnx");

  @TempDir private Path work;

  static Stream<Arguments> cases() {
    return SharedData.models().stream()
        .filter(file -> !ALREADY_QUANTIZED.contains(file.getFileName().toString()))
        .flatMap(file -> Stream.of("fp16", "bf16").map(mode -> Arguments.of(file, mode)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void half_loadsInThePeerAndAgrees(Path file, String mode) throws Exception {
    Model model = OnnxCodec.read(file);
    Technique.Outcome outcome =
        Fixtures.quantize(
            model,
            Map.of("mode", mode),
            Fixtures.briefly(Fixtures.source(1, i -> Fixtures.inputs(model, i)), work));

    Map<String, Tensor> inputs = Fixtures.inputs(model, 3);
    Map<String, Tensor> parent = Fixtures.inPeer(model, inputs, work);
    Map<String, Tensor> peer = Fixtures.inPeer(outcome.model(), inputs, work);
    Map<String, Tensor> engine = Fixtures.inEngine(outcome.model(), inputs);
    assertThat(Fixtures.sqnr(parent, peer)).isGreaterThan(25);
    assertThat(Fixtures.sqnr(peer, engine)).isGreaterThan(40);
    assertThat(outcome.compressedBytes() * 2).isEqualTo(outcome.floatBytes());
    assertThat(outcome.notes()).isEqualTo(List.of());
  }
}
