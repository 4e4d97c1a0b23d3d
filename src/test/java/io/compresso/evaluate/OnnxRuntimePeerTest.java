package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Annotations;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OnnxRuntimePeerTest {
  @TempDir Path folder;

  private Path identity(DType dtype) throws Exception {
    TensorType type = new TensorType(dtype, List.of(Dim.symbol("N"), Dim.of(2)));
    Graph graph =
        new Graph(
            "identity",
            List.of(new ValueInfo("x", type)),
            List.of(new ValueInfo("y", type)),
            List.of(Node.of("Identity", List.of("x"), List.of("y"), Map.of())),
            Map.of(),
            Map.of(),
            Annotations.NONE);
    Model model =
        new Model(
            8,
            Map.of("", 17),
            new Model.Producer("test", "", "", 0),
            graph,
            List.of(),
            Annotations.NONE);
    Path file = folder.resolve(dtype + ".onnx");
    OnnxCodec.write(model, file);
    return file;
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "FLOAT",
        "DOUBLE",
        "FLOAT16",
        "BFLOAT16",
        "UINT8",
        "INT8",
        "INT16",
        "INT32",
        "INT64",
        "BOOL"
      })
  void tensor_comesBackBitForBit(DType dtype) throws Exception {
    Tensor x = Tensor.allocate(dtype, Shape.of(3, 2));
    for (int i = 0; i < 6; i++) {
      x.setDouble(i, dtype == DType.BOOL ? i % 2 : i * 1.5);
    }
    try (OnnxRuntimePeer peer = OnnxRuntimePeer.open(identity(dtype), PeerOptions.threads(1))) {
      assertThat(peer.inputs().getFirst().dtype()).isEqualTo(dtype);
      assertThat(peer.inputs().getFirst().dims()).containsExactly(-1L, 2L);
      Map<String, Value> outputs = peer.run(Map.of("x", x));
      assertThat(outputs.get("y"))
          .isInstanceOfSatisfying(
              Tensor.class,
              y -> {
                assertThat(y.dtype()).isEqualTo(dtype);
                assertThat(y.shape()).isEqualTo(x.shape());
                assertThat(y.segment().mismatch(x.segment())).isEqualTo(-1);
              });
    }
  }

  @Test
  void strings_comeBack() throws Exception {
    Tensor x =
        Tensor.ofStrings(
            Shape.of(1, 2),
            List.of("é".getBytes(StandardCharsets.UTF_8), "".getBytes(StandardCharsets.UTF_8)));
    try (OnnxRuntimePeer peer =
        OnnxRuntimePeer.open(identity(DType.STRING), PeerOptions.threads(1))) {
      assertThat(peer.run(Map.of("x", x)).get("y"))
          .isInstanceOfSatisfying(
              Tensor.class,
              y -> {
                assertThat(new String(y.getString(0), StandardCharsets.UTF_8)).isEqualTo("é");
                assertThat(y.getString(1)).isEmpty();
              });
    }
  }

  @Test
  void unsupportedType_isRefusedByName() throws Exception {
    try (OnnxRuntimePeer peer =
        OnnxRuntimePeer.open(identity(DType.UINT16), PeerOptions.threads(1))) {
      assertThat(peer.inputs().getFirst().dtype()).isEqualTo(DType.UINT16);
      Tensor x = Tensor.allocate(DType.UINT16, Shape.of(1, 2));
      assertThatThrownBy(() -> peer.run(Map.of("x", x)))
          .isInstanceOf(PeerException.class)
          .hasMessageContaining("takes no tensor of type uint16 ('x')");
    }
  }

  @Test
  void damagedModel_isRefused() throws Exception {
    Path file = folder.resolve("bad.onnx");
    Files.write(file, new byte[] {1, 2, 3});
    assertThatThrownBy(() -> OnnxRuntimePeer.open(file, PeerOptions.DEFAULT))
        .isInstanceOf(PeerException.class)
        .hasMessageStartingWith("ONNX Runtime refuses the model");
  }

  @Test
  void missingInput_isRefused() throws Exception {
    try (OnnxRuntimePeer peer =
        OnnxRuntimePeer.open(identity(DType.FLOAT), PeerOptions.threads(1))) {
      assertThatThrownBy(() -> peer.run(Map.of())).isInstanceOf(PeerException.class);
    }
  }

  @Test
  void latency_isMeasuredInBothRuntimes() throws Exception {
    Path file = identity(DType.FLOAT);
    Tensor x = Tensor.allocate(DType.FLOAT, Shape.of(1, 2));
    LatencyOptions options =
        new LatencyOptions(Duration.ofMillis(5), Duration.ofMillis(20), 5, 100);
    try (Runner parent = OnnxRuntimePeer.open(file, PeerOptions.threads(1));
        Runner child = OnnxRuntimePeer.open(file, PeerOptions.threads(1))) {
      Latency latency =
          LatencyBench.measure(
              new LatencyBench.Timed(parent, Map.of("x", x), 1),
              new LatencyBench.Timed(child, Map.of("x", x), 1),
              1,
              false,
              options);
      assertThat(latency.runtime()).isEqualTo("onnxruntime " + OnnxRuntimePeer.version());
      assertThat(latency.pairs()).isBetween(5, 100);
      assertThat(latency.ratio().median()).isPositive();
      assertThat(latency.parent().p50()).isPositive().isLessThanOrEqualTo(latency.parent().p99());
    }
  }
}
