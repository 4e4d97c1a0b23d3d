package io.compresso.compress;

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
import java.util.List;
import java.util.Map;

/** Small models. */
final class TestModels {
  private TestModels() {}

  /** A matrix product and a Relu: {@code x[N,4] -> y[N,3]}; the seed makes the bytes differ. */
  static byte[] linear(int seed) {
    float[] weights = new float[12];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (seed * 31 + i) / 7f;
    }
    Graph graph =
        new Graph(
            "linear",
            List.of(value("x", 4)),
            List.of(value("y", 3)),
            List.of(
                Node.of("product", "MatMul", List.of("x", "w"), List.of("h"), Map.of()),
                Node.of("relu", "Relu", List.of("h"), List.of("y"), Map.of())),
            Map.of("w", Tensor.ofFloats(Shape.of(4, 3), weights)),
            Map.of(),
            Annotations.NONE);
    return OnnxCodec.write(
        new Model(
            8,
            Map.of("", 17),
            new Model.Producer("test", "1", "", 0),
            graph,
            List.of(),
            Annotations.NONE));
  }

  private static ValueInfo value(String name, long width) {
    return new ValueInfo(
        name, new TensorType(DType.FLOAT, List.of(Dim.symbol("N"), Dim.of(width))));
  }
}
