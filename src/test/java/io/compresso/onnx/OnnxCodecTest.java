package io.compresso.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OnnxCodecTest {
  @TempDir Path folder;

  @Test
  void model_isEqual_afterWritingAndReading() {
    Model model = Models.convolution();
    Model read = OnnxCodec.read(OnnxCodec.write(model));
    assertThat(OnnxCodec.write(read)).isEqualTo(OnnxCodec.write(model));
    assertThat(read.opsetImports()).isEqualTo(model.opsetImports());
    assertThat(read.graph().inputs()).isEqualTo(model.graph().inputs());
    assertThat(read.graph().nodes()).extracting(Node::opType).containsExactly("Conv", "Relu", "If");
    assertThat(read.graph().nodes().getFirst().intsAttribute("pads")).containsExactly(1, 1, 1, 1);
    assertThat(read.graph().initializers().get("w").toFloats())
        .isEqualTo(model.graph().initializers().get("w").toFloats());
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void tensor_keepsItsElements_ofEveryType(DType dtype) {
    Tensor tensor = Tensor.allocate(dtype, Shape.of(3, 3));
    for (int i = 0; i < 9; i++) {
      if (dtype == DType.STRING) {
        tensor.setString(i, ("é" + i).getBytes(StandardCharsets.UTF_8));
      } else if (tensor.segment().byteSize() < 9 || !dtype.isFloat()) {
        tensor
            .segment()
            .set(
                java.lang.foreign.ValueLayout.JAVA_BYTE,
                i % tensor.segment().byteSize(),
                (byte) (dtype == DType.BOOL ? i & 1 : i * 29));
      } else {
        tensor.setDouble(i, i - 4);
      }
    }
    Tensor read = OnnxCodec.readTensor(OnnxCodec.writeTensor("x", tensor));
    assertThat(read.dtype()).isEqualTo(dtype);
    assertThat(read.shape()).isEqualTo(tensor.shape());
    assertThat(read.segment().mismatch(tensor.segment())).isEqualTo(-1);
    if (dtype == DType.STRING) {
      assertThat(read.getString(8)).isEqualTo(tensor.getString(8));
    }
  }

  @Test
  void externalData_isReadBack_whenWrittenBesideTheModel() throws IOException {
    Model model = Models.convolution();
    Path file = folder.resolve("model.onnx");
    OnnxCodec.write(model, file, new OnnxWriteOptions(16));
    assertThat(Files.size(folder.resolve("model.onnx.data"))).isPositive();
    Model read = OnnxCodec.read(file);
    assertThat(OnnxCodec.write(read)).isEqualTo(OnnxCodec.write(model));
    Files.delete(folder.resolve("model.onnx.data"));
    assertThatThrownBy(() -> OnnxCodec.read(file))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageContaining("graph.initializer[0]")
        .hasMessageContaining("model.onnx.data");
  }

  /** Small models that tests read, write and damage. */
  static final class Models {
    private Models() {}

    static Model convolution() {
      Tensor weights = Tensor.allocate(DType.FLOAT, Shape.of(2, 1, 3, 3));
      for (int i = 0; i < 18; i++) {
        weights.setFloat(i, i * 0.5f - 4);
      }
      Map<String, Attribute> conv = new LinkedHashMap<>();
      conv.put("kernel_shape", Attribute.ints(3, 3));
      conv.put("pads", Attribute.ints(1, 1, 1, 1));
      conv.put("auto_pad", Attribute.of("NOTSET"));
      Graph then =
          new Graph(
              "then",
              List.of(),
              List.of(new ValueInfo("t", ValueType.UNKNOWN)),
              List.of(Node.of("Neg", List.of("r"), List.of("t"), Map.of())),
              Map.of(),
              Map.of(),
              Annotations.NONE);
      Graph otherwise =
          new Graph(
              "else",
              List.of(),
              List.of(new ValueInfo("e", ValueType.UNKNOWN)),
              List.of(Node.of("Identity", List.of("r"), List.of("e"), Map.of())),
              Map.of(),
              Map.of(),
              Annotations.NONE);
      Map<String, Attribute> branches = new LinkedHashMap<>();
      branches.put("then_branch", Attribute.of(then));
      branches.put("else_branch", Attribute.of(otherwise));
      Map<String, Tensor> initializers = new LinkedHashMap<>();
      initializers.put("w", weights);
      initializers.put("b", Tensor.ofFloats(Shape.of(2), 1, -1));
      initializers.put("flag", Tensor.ofBytes(DType.BOOL, Shape.SCALAR, (byte) 1));
      List<Dim> dims = List.of(Dim.symbol("N"), Dim.of(1), Dim.of(8), Dim.of(8));
      Graph graph =
          new Graph(
              "g",
              List.of(new ValueInfo("x", new ValueType.TensorType(DType.FLOAT, dims))),
              List.of(new ValueInfo("y", new ValueType.TensorType(DType.FLOAT, null))),
              List.of(
                  Node.of("conv", "Conv", List.of("x", "w", "b"), List.of("c"), conv),
                  Node.of("relu", "Relu", List.of("c"), List.of("r"), Map.of()),
                  Node.of("if", "If", List.of("flag"), List.of("y"), branches)),
              initializers,
              Map.of(),
              new Annotations("a graph", Map.of("k", "v"), new byte[0]));
      return new Model(
          8,
          Map.of("", 17),
          new Model.Producer("test", "1", "", 3),
          graph,
          List.of(),
          Annotations.NONE);
    }
  }
}
