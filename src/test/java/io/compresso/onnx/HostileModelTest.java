package io.compresso.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.compresso.graph.GraphException;
import io.compresso.onnx.proto.AttributeProto;
import io.compresso.onnx.proto.FunctionProto;
import io.compresso.onnx.proto.GraphProto;
import io.compresso.onnx.proto.ModelProto;
import io.compresso.onnx.proto.NodeProto;
import io.compresso.onnx.proto.OperatorSetIdProto;
import io.compresso.onnx.proto.StringStringEntryProto;
import io.compresso.onnx.proto.TensorProto;
import io.compresso.onnx.proto.TypeProto;
import io.compresso.onnx.proto.ValueInfoProto;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are wrong, by chance or on purpose, give an error that says what is wrong. */
class HostileModelTest {
  @TempDir Path folder;

  private static ModelProto.Builder relu() {
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(8)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17));
    model
        .getGraphBuilder()
        .setName("g")
        .addInput(info("x", 1))
        .addOutput(info("y", 1))
        .addNode(node("Relu", "x", "y").setName("relu"));
    return model;
  }

  private static ValueInfoProto.Builder info(String name, int type) {
    ValueInfoProto.Builder info = ValueInfoProto.newBuilder().setName(name);
    info.getTypeBuilder().getTensorTypeBuilder().setElemType(type);
    return info;
  }

  private static NodeProto.Builder node(String type, String input, String output) {
    return NodeProto.newBuilder().setOpType(type).addInput(input).addOutput(output);
  }

  private static TensorProto.Builder tensor(int type, int bytes, long... dims) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(type)
            .setRawData(ByteString.copyFrom(new byte[bytes]));
    Arrays.stream(dims).forEach(tensor::addDims);
    return tensor;
  }

  private static TensorProto.Builder external(String location, String offset, String length) {
    return TensorProto.newBuilder()
        .setName("w")
        .setDataType(1)
        .addDims(1)
        .setDataLocation(1)
        .addExternalData(entry("location", location))
        .addExternalData(entry("offset", offset))
        .addExternalData(entry("length", length));
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  private static Arguments wrong(String what, String message, Consumer<GraphProto.Builder> change) {
    ModelProto.Builder model = relu();
    change.accept(model.getGraphBuilder());
    return Arguments.of(what, message, model.build().toByteArray());
  }

  private static Arguments wrongModel(
      String what, String message, Consumer<ModelProto.Builder> change) {
    ModelProto.Builder model = relu();
    change.accept(model);
    return Arguments.of(what, message, model.build().toByteArray());
  }

  private static Arguments weights(String what, String message, TensorProto.Builder tensor) {
    return wrong(what, message, graph -> graph.addInitializer(tensor));
  }

  static Stream<Arguments> wrongModels() {
    return Stream.of(
        Arguments.of("nothing", "empty", new byte[0]),
        Arguments.of("text", "byte ", "hello, world".getBytes(StandardCharsets.UTF_8)),
        Arguments.of("zeros", "byte 0", new byte[100]),
        wrongModel("no graph", "graph: is missing", ModelProto.Builder::clearGraph),
        wrongModel("no IR version", "ir_version", ModelProto.Builder::clearIrVersion),
        wrongModel(
            "negative operator set",
            "opset_import",
            model -> model.getOpsetImportBuilder(0).setVersion(-5)),
        wrongModel(
            "two versions of one operator set",
            "opset_import",
            model -> model.addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(9))),
        wrongModel("no operator set", "relu", ModelProto.Builder::clearOpsetImport),
        weights("negative dimension", "initializer[0] 'w'.dims", tensor(1, 4, -1)),
        weights("overflowing dimensions", "overflow", tensor(1, 4, 1L << 40, 1L << 40)),
        weights("overflowing bytes", "overflows", tensor(1, 4, 1L << 62)),
        weights("more elements than bytes", "takes 4000000000 bytes", tensor(1, 4, 1_000_000_000)),
        weights("fewer elements than bytes", "takes 4 bytes, not 8", tensor(1, 8, 1)),
        weights("unknown element type", "unknown tensor element type 99", tensor(99, 4, 1)),
        weights("no element type", "unknown tensor element type 0", tensor(0, 4, 1)),
        weights("raw strings", "string_data", tensor(8, 4, 1)),
        weights(
            "missing strings",
            "0 strings for 3 elements",
            TensorProto.newBuilder().setName("w").setDataType(8).addDims(3)),
        weights(
            "missing numbers",
            "int64_data",
            TensorProto.newBuilder().setName("w").setDataType(7).addDims(1L << 40)),
        weights(
            "number without an end",
            "int64_data",
            TensorProto.newBuilder()
                .setName("w")
                .setDataType(7)
                .addInt64Data(ByteString.copyFrom(new byte[] {-1, -1}))),
        weights(
            "segment",
            "segment",
            tensor(1, 4, 1).setSegment(TensorProto.Segment.newBuilder().setEnd(1))),
        weights("unknown location", "data_location", tensor(1, 4, 1).setDataLocation(7)),
        weights("no name", "initializer[0].name", tensor(1, 4, 1).clearName()),
        weights("absolute path", "relative path", external("/etc/passwd", "0", "4")),
        weights("parent path", "relative path", external("../w.bin", "0", "4")),
        weights("hidden parent path", "relative path", external("a/../../w.bin", "0", "4")),
        weights("backslash path", "relative path", external("..\\w.bin", "0", "4")),
        weights("drive path", "relative path", external("C:/w.bin", "0", "4")),
        weights("path with a zero byte", "relative path", external("w\0.bin", "0", "4")),
        weights("empty path", "relative path", external("", "0", "4")),
        weights("missing file", "is not there", external("w.bin", "0", "4")),
        weights("negative offset", "is not a size", external("w.bin", "-4", "4")),
        weights("offset that is no number", "is not a size", external("w.bin", "4e3", "4")),
        weights("huge length", "is not a size", external("w.bin", "0", "9".repeat(40))),
        weights("wrong length", "takes 4 bytes", external("w.bin", "0", "8")),
        wrong(
            "initializer twice",
            "'w' is there twice",
            graph -> graph.addInitializer(tensor(1, 4, 1)).addInitializer(tensor(1, 4, 1))),
        wrong(
            "input and initializer of two types",
            "graph input 'w'",
            graph -> graph.addInput(info("w", 7)).addInitializer(tensor(1, 4, 1))),
        wrong("input twice", "'x' is there twice", graph -> graph.addInput(info("x", 1))),
        wrong("unknown value", "reads 'q'", graph -> graph.getNodeBuilder(0).setInput(0, "q")),
        wrong("unknown output", "'z' is not computed", graph -> graph.addOutput(info("z", 1))),
        wrong("no outputs", "no outputs", GraphProto.Builder::clearOutput),
        wrong("value computed twice", "'y'", graph -> graph.addNode(node("Neg", "x", "y"))),
        wrong(
            "input computed",
            "computes 'x', which is defined already",
            graph -> graph.addNode(node("Neg", "w", "x")).addInitializer(tensor(1, 4, 1))),
        wrong(
            "node name twice",
            "same name",
            graph -> graph.addNode(node("Neg", "x", "z").setName("relu"))),
        wrong("node without operator", "op_type", graph -> graph.getNodeBuilder(0).clearOpType()),
        wrong(
            "cycle",
            "cycle",
            graph -> graph.addNode(node("Neg", "a", "b")).addNode(node("Neg", "b", "a"))),
        wrong("self loop", "cycle", graph -> graph.addNode(node("Neg", "a", "a"))),
        wrong(
            "attribute twice",
            "'k' is there twice",
            graph ->
                graph
                    .getNodeBuilder(0)
                    .addAttribute(AttributeProto.newBuilder().setName("k").setType(2))
                    .addAttribute(AttributeProto.newBuilder().setName("k").setType(2))),
        wrong(
            "attribute without a name",
            "attribute[0].name",
            graph -> graph.getNodeBuilder(0).addAttribute(AttributeProto.newBuilder().setType(2))),
        wrong(
            "graph attribute without a graph",
            "'k'.g: is missing",
            graph ->
                graph
                    .getNodeBuilder(0)
                    .addAttribute(AttributeProto.newBuilder().setName("k").setType(5))),
        wrong("unknown type of an input", "elem_type", graph -> graph.addInput(info("v", 77))),
        wrong(
            "negative dimension of an input",
            "is negative",
            graph ->
                graph
                    .getInputBuilder(0)
                    .getTypeBuilder()
                    .getTensorTypeBuilder()
                    .getShapeBuilder()
                    .addDimBuilder()
                    .setDimValue(-7)),
        wrong(
            "name that is no text",
            "is not UTF-8",
            graph -> graph.getNodeBuilder(0).setNameBytes(ByteString.copyFrom(new byte[] {-1}))),
        wrong("nested graphs", "nest deeper", graph -> nest(graph, 200)),
        wrongModel(
            "nested types",
            "nest deeper",
            model -> model.getGraphBuilder().getInputBuilder(0).setType(nestedType(500))),
        wrongModel("recursive functions", "calls itself", HostileModelTest::recursive));
  }

  private static void nest(GraphProto.Builder graph, int levels) {
    GraphProto body = GraphProto.newBuilder().addOutput(info("x", 1)).build();
    for (int i = 0; i < levels; i++) {
      body =
          GraphProto.newBuilder()
              .addNode(
                  NodeProto.newBuilder()
                      .setOpType("If")
                      .addAttribute(
                          AttributeProto.newBuilder().setName("then").setType(5).setG(body)))
              .build();
    }
    graph.addAllNode(body.getNodeList());
  }

  private static TypeProto nestedType(int levels) {
    TypeProto type = TypeProto.getDefaultInstance();
    for (int i = 0; i < levels; i++) {
      type =
          TypeProto.newBuilder()
              .setSequenceType(TypeProto.Sequence.newBuilder().setElemType(type))
              .build();
    }
    return type;
  }

  private static void recursive(ModelProto.Builder model) {
    for (String[] pair : new String[][] {{"F", "G"}, {"G", "F"}}) {
      model.addFunctions(
          FunctionProto.newBuilder()
              .setName(pair[0])
              .setDomain("d")
              .addInput("a")
              .addOutput("b")
              .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("d").setVersion(1))
              .addNode(node(pair[1], "a", "b").setDomain("d")));
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("wrongModels")
  void model_isRefusedWithAReason(String what, String message, byte[] bytes) throws IOException {
    Path file = folder.resolve("model.onnx");
    Files.write(file, bytes);
    assertThatThrownBy(() -> OnnxCodec.read(file))
        .as(what)
        .isInstanceOfAny(OnnxFormatException.class, GraphException.class)
        .hasMessageContaining(message);
  }

  @Test
  void externalFile_isRefused_whenALinkLeadsOut() throws IOException {
    Path inner = Files.createDirectory(folder.resolve("inner"));
    Files.write(folder.resolve("secret"), new byte[4]);
    Files.createSymbolicLink(inner.resolve("w.bin"), folder.resolve("secret"));
    ModelProto.Builder model = relu();
    model.getGraphBuilder().addInitializer(external("w.bin", "0", "4"));
    Path file = inner.resolve("model.onnx");
    Files.write(file, model.build().toByteArray());
    assertThatThrownBy(() -> OnnxCodec.read(file)).hasMessageContaining("leads out");
  }

  @Test
  void externalFile_isRefused_whenItIsTooShort() throws IOException {
    Files.write(folder.resolve("w.bin"), new byte[6]);
    ModelProto.Builder model = relu();
    model.getGraphBuilder().addInitializer(external("w.bin", "4", "4"));
    Path file = folder.resolve("model.onnx");
    Files.write(file, model.build().toByteArray());
    assertThatThrownBy(() -> OnnxCodec.read(file)).hasMessageContaining("which has 6");
  }

  @Test
  void structure_isRefused_whenItTakesMoreMemoryThanAllowed() {
    ModelProto.Builder model = relu();
    for (int i = 0; i < 2000; i++) {
      model.getGraphBuilder().addNode(NodeProto.getDefaultInstance());
    }
    byte[] bytes = model.build().toByteArray();
    OnnxLimits limits = new OnnxLimits(100_000, 100, 1 << 20, 1 << 20);
    assertThatThrownBy(() ->
            OnnxCodec.read(
                java.lang.foreign.Arena.ofAuto()
                    .allocate(bytes.length)
                    .copyFrom(java.lang.foreign.MemorySegment.ofArray(bytes)),
                ExternalData.NONE,
                limits))
        .hasMessageContaining("graph.node[")
        .hasMessageContaining("100000 bytes of memory");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../model.onnx", "/model.onnx", "a/../../model.onnx"})
  void archive_isRefused_whenAnEntryLeadsOut(String name) throws IOException {
    Path file = folder.resolve("model.zip");
    zip(file, name, relu().build().toByteArray());
    assertThatThrownBy(() -> OnnxCodec.read(file))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageContaining("leads out");
  }

  @Test
  void archive_isRefused_whenItUnpacksToFarMore() throws IOException {
    Path file = folder.resolve("bomb.zip");
    zip(file, "model.onnx", new byte[300 << 20]);
    assertThat(Files.size(file)).isLessThan(1 << 20);
    assertThatThrownBy(() -> OnnxCodec.read(file)).hasMessageContaining("unpack to more than");
  }

  private static void zip(Path file, String name, byte[] bytes) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.putNextEntry(new ZipEntry(name));
      zip.write(bytes);
      zip.closeEntry();
    }
  }

  @Test
  void truncatedModel_isRefused_atEveryLength() {
    byte[] whole = OnnxCodec.write(OnnxCodecTest.Models.convolution());
    int refused = 0;
    for (int length = 0; length < whole.length; length++) {
      refused += survives(Arrays.copyOf(whole, length)) ? 0 : 1;
    }
    assertThat(refused).isGreaterThan(whole.length * 9 / 10);
  }

  @Test
  void damagedModel_givesAModelOrACleanError() {
    Message message = OnnxCodecTest.Models.message();
    byte[] whole = message.toByteArray();
    SplittableRandom random = new SplittableRandom(20250925);
    int refused = 0;
    for (int i = 0; i < 5_000; i++) {
      byte[] damaged = whole.clone();
      for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
        damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
      }
      refused += survives(damaged) ? 0 : 1;
    }
    assertThat(refused).isBetween(250, 4_999);
  }

  /**
   * Whether the bytes are a model, which then can be written; errors must be of the known kinds.
   */
  private static boolean survives(byte[] bytes) {
    try {
      OnnxCodec.write(OnnxCodec.read(bytes));
      return true;
    } catch (OnnxFormatException | GraphException e) {
      assertThat(e.getMessage()).isNotBlank();
      return false;
    }
  }
}
