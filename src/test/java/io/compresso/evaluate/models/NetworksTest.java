package io.compresso.evaluate.models;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.evaluate.ModelInputs;
import io.compresso.evaluate.OnnxRuntimePeer;
import io.compresso.evaluate.OutputErrorMeter;
import io.compresso.evaluate.PeerOptions;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class NetworksTest {
  @TestFactory
  Stream<DynamicTest> network_agreesWithThePeer_andKeepsItsScale() {
    return Arrays.stream(Networks.values())
        .map(network ->
            DynamicTest.dynamicTest(network.toString(), () -> compare(network.small(), 2)));
  }

  @Tag("slow")
  @TestFactory
  Stream<DynamicTest> network_agreesWithThePeer_atItsUsualSize() {
    return Arrays.stream(Networks.values())
        .map(network ->
            DynamicTest.dynamicTest(network.toString(), () -> compare(network.build(), 1)));
  }

  private static void compare(Model model, int batch) {
    Map<String, Tensor> inputs = ModelInputs.random(model.graph(), batch, 7);
    try (Session session = Session.create(model, SessionOptions.DEFAULT);
        OnnxRuntimePeer peer =
            OnnxRuntimePeer.open(OnnxCodec.write(model), PeerOptions.threads(1))) {
      Map<String, Value> ours = session.run(inputs);
      peer.run(inputs)
          .forEach((name, value) -> {
            Tensor expected = (Tensor) value;
            OutputErrorMeter error = new OutputErrorMeter();
            error.add(expected, (Tensor) ours.get(name), expected.size());
            assertThat(error.result(name).sqnrDb())
                .satisfiesAnyOf(
                    sqnr -> assertThat(sqnr).isNull(), sqnr -> assertThat(sqnr).isGreaterThan(80));
            double squares = 0;
            for (long i = 0; i < expected.size(); i++) {
              squares += expected.getDouble(i) * expected.getDouble(i);
            }
            assertThat(Math.sqrt(squares / expected.size())).as("scale").isBetween(0.01, 30.0);
          });
    }
  }

  @Test
  void build_givesTheSameWeights_eachTime() {
    assertThat(OnnxCodec.write(Networks.UNET.small()))
        .isEqualTo(OnnxCodec.write(Networks.UNET.small()));
  }

  @Test
  void build_hasTheUsualNumberOfParameters() {
    assertThat(parameters(Networks.RESNET_50)).isBetween(25_400_000L, 25_700_000L);
    assertThat(parameters(Networks.MOBILENET_V2)).isBetween(3_480_000L, 3_560_000L);
    assertThat(parameters(Networks.SHUFFLENET_V2)).isBetween(2_250_000L, 2_300_000L);
    assertThat(parameters(Networks.INCEPTION_V3)).isBetween(23_700_000L, 23_900_000L);
  }

  private static long parameters(Networks network) {
    return network.build().graph().initializers().values().stream()
        .filter(tensor -> tensor.dtype().isFloat())
        .mapToLong(Tensor::size)
        .sum();
  }
}
