package io.compresso.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.engine.RunOptions;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import io.compresso.testing.OrtRunner;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lookups in tables of blocks against ONNX Runtime, which defines them. */
class GatherBlockQuantizedTest {
  private static final int ROWS = 11;
  private static final int DEPTH = 72;

  private static Tensor random(DType type, long seed, long... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    Tensor tensor = Tensor.allocate(type, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      if (type.isFloat()) {
        tensor.setFloat(i, (float) random.nextDouble() + 0.1f);
      } else {
        tensor.setLong(i, random.nextLong(type.minValue(), type.maxValue() + 1));
      }
    }
    return tensor;
  }

  private record Axes(int gather, int quantize) {}

  private static Model model(
      DType type, int bits, int block, Axes axes, boolean zeroPoints, DType indices) {
    boolean hidden = type == DType.UINT8 && bits == 4;
    long depth = hidden ? DEPTH / 2 : DEPTH;
    long[] scale = {ROWS, DEPTH};
    scale[axes.quantize] = Math.ceilDiv(scale[axes.quantize], block);
    long[] zero = scale.clone();
    zero[1] = hidden ? Math.ceilDiv(zero[1], 2) : zero[1];
    List<String> inputs = new ArrayList<>(List.of("table", "ids", "scales"));
    if (zeroPoints) {
      inputs.add("zeros");
    }
    Map<String, Attribute> attributes = new LinkedHashMap<>();
    attributes.put("bits", Attribute.of(bits));
    attributes.put("block_size", Attribute.of(block));
    attributes.put("gather_axis", Attribute.of(axes.gather));
    attributes.put("quantize_axis", Attribute.of(axes.quantize));
    return Graphs.opset(21)
        .domain("com.microsoft", 1)
        .input("ids", ValueType.tensor(indices, Shape.of(2, 3)))
        .constant("table", random(type, 1, ROWS, depth))
        .constant("scales", random(DType.FLOAT, 2, scale))
        .constant("zeros", random(type, 3, zero))
        .node(
            new Node(
                "look up",
                "com.microsoft",
                "GatherBlockQuantized",
                "",
                inputs,
                List.of("y"),
                attributes,
                Annotations.NONE))
        .output("y")
        .model();
  }

  private static Tensor ids(DType type, long... values) {
    Tensor tensor = Tensor.allocate(type, Shape.of(2, 3));
    for (int i = 0; i < values.length; i++) {
      tensor.setLong(i, values[i]);
    }
    return tensor;
  }

  @ParameterizedTest
  @CsvSource({
    "UINT8, 4, 16, 0, 1, true, INT64", "UINT8, 4, 32, 0, 1, false, INT32",
    "UINT8, 8, 32, 0, 1, true, INT64", "UINT8, 8, 16, 0, 1, false, INT64",
    "INT4, 4, 16, 0, 1, true, INT64", "INT4, 4, 128, 0, 1, false, INT32",
    "UINT4, 4, 32, 0, 1, true, INT64", "UINT4, 4, 16, 1, 0, true, INT64",
    "INT4, 4, 16, 1, 1, false, INT64", "INT4, 4, 16, 0, 0, true, INT32"
  })
  void lookup_agreesWithTheRuntime(
      DType type, int bits, int block, int gather, int quantize, boolean zeros, DType indices)
      throws Exception {
    Model model = model(type, bits, block, new Axes(gather, quantize), zeros, indices);
    Map<String, Tensor> inputs = Map.of("ids", ids(indices, 10, 0, 3, -1, -11, 3));
    Tensor expected;
    try (OrtRunner peer = OrtRunner.of(OnnxCodec.write(model))) {
      expected = peer.run(inputs).get("y");
    }
    for (boolean optimised : new boolean[] {true, false}) {
      SessionOptions options = SessionOptions.DEFAULT.withOptimised(optimised);
      try (Session session = Session.create(model, options)) {
        Tensor actual = (Tensor) session.run(inputs).get("y");
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(actual.toFloats()).containsExactly(expected.toFloats());
      }
    }
  }

  @Test
  void lookup_namesTheIndex_whenItIsOutside() {
    Model model = model(DType.UINT8, 4, 16, new Axes(0, 1), true, DType.INT64);
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      assertThatThrownBy(() ->
              session.run(Map.of("ids", ids(DType.INT64, 1, 2, ROWS, 0, 0, 0)), RunOptions.plain()))
          .hasMessageContaining("index 11");
    }
  }

  @Test
  void lookup_isRefused_whenBlocksAreNoPowersOfTwo() {
    Model model = model(DType.UINT8, 4, 24, new Axes(0, 1), false, DType.INT64);
    assertThatThrownBy(
            () -> {
              try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
                session.run(Map.of("ids", ids(DType.INT64)));
              }
            })
        .hasMessageContaining("blocks of 24");
  }
}
