package io.compresso.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.onnx.proto.AttributeProto;
import io.compresso.onnx.proto.DeviceConfigurationProto;
import io.compresso.onnx.proto.FunctionProto;
import io.compresso.onnx.proto.GraphProto;
import io.compresso.onnx.proto.ModelProto;
import io.compresso.onnx.proto.NodeDeviceConfigurationProto;
import io.compresso.onnx.proto.NodeProto;
import io.compresso.onnx.proto.OperatorSetIdProto;
import io.compresso.onnx.proto.SparseTensorProto;
import io.compresso.onnx.proto.StringStringEntryProto;
import io.compresso.onnx.proto.TensorAnnotation;
import io.compresso.onnx.proto.TensorProto;
import io.compresso.onnx.proto.TrainingInfoProto;
import io.compresso.onnx.proto.TypeProto;
import io.compresso.onnx.proto.ValueInfoProto;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
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

  @Test
  void message_keepsEverything_afterReadingAndWriting() throws IOException {
    ModelProto message = Models.message();
    Model model = OnnxCodec.read(message.toByteArray());
    assertThat(model.graph().initializers().get("sparse").toFloats())
        .containsExactly(0, 1, 0, 0, 0, 2);
    ModelProto written = ModelProto.parseFrom(OnnxCodec.write(model));
    // Typed elements become raw ones; all else is as it was.
    ModelProto.Builder expected = message.toBuilder();
    expected
        .getGraphBuilder()
        .getInitializerBuilder(3)
        .setRawData(message.getGraph().getInitializer(3).getFloatData(0))
        .clearFloatData();
    for (TensorProto.Builder restored :
        List.of(expected.getGraphBuilder().getSparseInitializerBuilder(0).getIndicesBuilder())) {
      restored
          .clearInt64Data()
          .setRawData(
              ByteString.copyFrom(new byte[] {1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0}));
    }
    assertThat(written).isEqualTo(expected.build());
  }

  @Test
  void archive_isRead_whetherStoredOrPacked() throws IOException {
    Path plain = folder.resolve("model.onnx");
    OnnxCodec.write(Models.convolution(), plain, new OnnxWriteOptions(16));
    byte[] expected = OnnxCodec.write(Models.convolution());
    for (int method : new int[] {ZipEntry.STORED, ZipEntry.DEFLATED}) {
      Path file = folder.resolve("model" + method + ".zip");
      try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
        for (String name : List.of("model.onnx", "model.onnx.data")) {
          byte[] bytes = Files.readAllBytes(folder.resolve(name));
          ZipEntry entry = new ZipEntry("net/" + name);
          entry.setMethod(method);
          entry.setSize(bytes.length);
          CRC32 crc = new CRC32();
          crc.update(bytes);
          entry.setCrc(crc.getValue());
          zip.putNextEntry(entry);
          zip.write(bytes);
        }
      }
      assertThat(OnnxCodec.write(OnnxCodec.read(file))).isEqualTo(expected);
    }
    for (boolean packed : new boolean[] {false, true}) {
      Path file = folder.resolve("model" + packed + ".tar");
      try (TarArchiveOutputStream tar =
          new TarArchiveOutputStream(
              packed
                  ? new GZIPOutputStream(Files.newOutputStream(file))
                  : Files.newOutputStream(file))) {
        for (String name : List.of("model.onnx", "model.onnx.data")) {
          byte[] bytes = Files.readAllBytes(folder.resolve(name));
          TarArchiveEntry entry = new TarArchiveEntry("./" + name);
          entry.setSize(bytes.length);
          tar.putArchiveEntry(entry);
          tar.write(bytes);
          tar.closeArchiveEntry();
        }
      }
      assertThat(OnnxCodec.write(OnnxCodec.read(file))).isEqualTo(expected);
    }
  }

  @Test
  void nodes_areSorted_whenTheFileHasThemInAnyOrder() {
    ModelProto.Builder message = Models.message().toBuilder();
    NodeProto first = message.getGraph().getNode(0);
    message.getGraphBuilder().removeNode(0).addNode(first);
    assertThat(OnnxCodec.read(message.build().toByteArray()).graph().nodes())
        .extracting(Node::opType)
        .containsExactly("Conv", "Relu", "If");
  }

  @Test
  void weights_stayOffTheHeap_whenAFileIsRead() throws IOException {
    long bytes = 200L << 20;
    Path file = folder.resolve("large.onnx");
    Tensor large = Tensor.allocate(DType.FLOAT, Shape.of(bytes / 4));
    large.setFloat(77, 7);
    Graph graph =
        new Graph(
            "g",
            List.of(),
            List.of(new ValueInfo("y", ValueType.UNKNOWN)),
            List.of(Node.of("Identity", List.of("w"), List.of("y"), Map.of())),
            Map.of("w", large),
            Map.of(),
            Annotations.NONE);
    long before = used();
    OnnxCodec.write(Models.convolution().withGraph(graph), file);
    Tensor read = OnnxCodec.read(file).graph().initializers().get("w");
    assertThat(read.getFloat(77)).isEqualTo(7);
    assertThat(used() - before).isLessThan(20L << 20);
  }

  /** The bytes that this thread has allocated on the heap so far. */
  private static long used() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }

  /** Small models that tests read, write and damage. */
  static final class Models {
    private Models() {}

    /** The convolution, and one of everything that a model may hold besides. */
    static ModelProto message() {
      ModelProto.Builder builder;
      try {
        builder = ModelProto.newBuilder().mergeFrom(OnnxCodec.write(convolution()));
      } catch (InvalidProtocolBufferException e) {
        throw new IllegalStateException(e);
      }
      TensorProto.Builder values =
          TensorProto.newBuilder()
              .setName("sparse")
              .setDataType(1)
              .addDims(2)
              .setRawData(ByteString.copyFrom(new byte[] {0, 0, -128, 63, 0, 0, 0, 64}));
      TensorProto.Builder indices =
          TensorProto.newBuilder()
              .setDataType(7)
              .addDims(2)
              .addInt64Data(ByteString.copyFrom(new byte[] {1, 5}));
      builder
          .getGraphBuilder()
          .addSparseInitializer(
              SparseTensorProto.newBuilder()
                  .setValues(values)
                  .setIndices(indices)
                  .addDims(2)
                  .addDims(3))
          .addInitializer(
              TensorProto.newBuilder()
                  .setName("typed")
                  .setDataType(1)
                  .addDims(1)
                  .setDocString("one")
                  .addFloatData(ByteString.copyFrom(new byte[] {0, 0, -128, 63})))
          .addQuantizationAnnotation(
              TensorAnnotation.newBuilder()
                  .setTensorName("r")
                  .addQuantParameterTensorNames(entry("SCALE_TENSOR", "b")))
          .addValueInfo(
              ValueInfoProto.newBuilder()
                  .setName("c")
                  .setType(
                      TypeProto.newBuilder()
                          .setDenotation("IMAGE")
                          .setTensorType(TypeProto.Tensor.newBuilder().setElemType(1))));
      builder
          .getGraphBuilder()
          .getNodeBuilder(0)
          .addMetadataProps(entry("namespace", "a.b"))
          .addDeviceConfigurations(
              NodeDeviceConfigurationProto.newBuilder().setConfigurationId("two"))
          .getAttributeBuilder(0)
          .setDocString("size");
      builder
          .addConfiguration(DeviceConfigurationProto.newBuilder().setName("two").setNumDevices(2))
          .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("d").setVersion(1))
          .addMetadataProps(entry("author", "someone"))
          .setUnknownFields(
              UnknownFieldSet.newBuilder()
                  .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(7).build())
                  .build())
          .addTrainingInfo(
              TrainingInfoProto.newBuilder()
                  .setAlgorithm(GraphProto.newBuilder().setName("step").addInitializer(values))
                  .addUpdateBinding(entry("w", "w2")))
          .addFunctions(
              FunctionProto.newBuilder()
                  .setName("Twice")
                  .setDomain("d")
                  .addInput("a")
                  .addOutput("b")
                  .addAttribute("alpha")
                  .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
                  .addNode(
                      NodeProto.newBuilder()
                          .setOpType("LeakyRelu")
                          .addInput("a")
                          .addOutput("b")
                          .addAttribute(
                              AttributeProto.newBuilder()
                                  .setName("alpha")
                                  .setType(1)
                                  .setRefAttrName("alpha"))));
      return builder.build();
    }

    private static StringStringEntryProto.Builder entry(String key, String value) {
      return StringStringEntryProto.newBuilder().setKey(key).setValue(value);
    }

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
