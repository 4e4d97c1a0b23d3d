package io.compresso.web;

import static io.compresso.web.ModelBytes.FLOAT;
import static io.compresso.web.ModelBytes.INT64;
import static io.compresso.web.ModelBytes.attribute;
import static io.compresso.web.ModelBytes.external;
import static io.compresso.web.ModelBytes.floats;
import static io.compresso.web.ModelBytes.node;
import static io.compresso.web.ModelBytes.sound;
import static io.compresso.web.ModelBytes.value;
import static io.compresso.web.ModelBytes.weights;
import static io.compresso.web.ModelBytes.with;

import com.google.protobuf.ByteString;
import io.compresso.onnx.proto.GraphProto;
import io.compresso.onnx.proto.OperatorSetIdProto;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Models that must be refused: name -> (bytes, what the problem must mention). */
final class HostileModels {
  private HostileModels() {}

  /** A body and a word of the problem's detail, in lower case; empty when any will do. */
  record Body(byte[] bytes, String mention) {}

  static Map<String, Body> all() {
    Map<String, Body> all = new LinkedHashMap<>();
    byte[] sound = sound().build().toByteArray();
    all.put("empty file", new Body(new byte[0], "empty"));
    all.put("text", new Body(DataBytes.text("<html>not found</html>"), ""));
    all.put("random bytes", new Body(random(4096), ""));
    all.put("cut in half", new Body(Arrays.copyOf(sound, sound.length / 2), ""));
    all.put("last byte missing", new Body(Arrays.copyOf(sound, sound.length - 1), ""));
    all.put("length of the graph flipped", new Body(flipped(sound, lengthOfGraph(sound)), ""));
    all.put("field tag flipped", new Body(flipped(sound, 0), ""));
    all.put("no graph", new Body(sound().clearGraph().build().toByteArray(), "graph"));
    all.put("no opset", new Body(sound().clearOpsetImport().build().toByteArray(), "opset"));
    all.put(
        "negative opset",
        new Body(
            sound()
                .clearOpsetImport()
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(-3))
                .build()
                .toByteArray(),
            "-3"));
    all.put(
        "cycle",
        new Body(
            with(graph -> graph.setNode(0, node("flatten", "Flatten", List.of("y"), "f"))), ""));
    all.put(
        "input of a node that nothing gives",
        new Body(
            with(graph -> graph.setNode(1, node("product", "MatMul", List.of("f", "gone"), "h"))),
            "gone"));
    all.put(
        "output of the graph that nothing gives",
        new Body(with(graph -> graph.addOutput(value("nowhere", FLOAT, 1))), "nowhere"));
    all.put(
        "value that two nodes give",
        new Body(with(graph -> graph.addNode(node("again", "Relu", List.of("f"), "h"))), "h"));
    all.put(
        "initializer given twice",
        new Body(with(graph -> graph.addInitializer(weights("w", 2, 16, 3))), "w"));
    all.put(
        "input given twice",
        new Body(with(graph -> graph.addInput(value("x", FLOAT, -1, 1, 4, 4))), "x"));
    all.put(
        "dimensions that overflow",
        new Body(
            with(graph ->
                graph.setInitializer(
                    0, weights("w", 1, 1).clearDims().addDims(1L << 62).addDims(1L << 62))),
            "w"));
    all.put(
        "negative dimension",
        new Body(
            with(graph -> graph.setInitializer(0, weights("w", 1, 16, 3).setDims(0, -16))), "w"));
    all.put(
        "weights too short",
        new Body(
            with(graph -> graph.setInitializer(0, weights("w", 1, 16, 2).setDims(1, 3))), "w"));
    all.put(
        "weights too long",
        new Body(
            with(graph -> graph.setInitializer(0, weights("w", 1, 16, 4).setDims(1, 3))), "w"));
    all.put(
        "element type that does not exist",
        new Body(with(graph -> graph.getInitializerBuilder(0).setDataType(99)), "99"));
    all.put(
        "operand of the wrong type",
        new Body(
            with(graph ->
                graph
                    .getInitializerBuilder(0)
                    .setDataType(INT64)
                    .setRawData(ByteString.copyFrom(new byte[16 * 3 * 8]))),
            "product"));
    all.put(
        "operands whose shapes do not fit",
        new Body(with(graph -> graph.setInitializer(0, weights("w", 1, 5, 3))), "product"));
    all.put(
        "operator without its inputs",
        new Body(with(graph -> graph.setNode(1, node("product", "MatMul", List.of(), "h"))), ""));
    all.put(
        "attribute of the wrong type",
        new Body(
            with(graph ->
                graph
                    .getNodeBuilder(0)
                    .addAttribute(attribute("axis", 3).setS(ByteString.copyFromUtf8("one")))),
            "flatten"));
    all.put("scale that is not a number", new Body(quantized(Float.NaN), "scale"));
    all.put("scale that is negative", new Body(quantized(-1f), "scale"));
    all.put("subgraphs nested deeply", new Body(nested(3000), ""));
    externalData(all);
    return all;
  }

  private static void externalData(Map<String, Body> all) {
    byte[] data = new byte[16 * 3 * 4];
    all.put(
        "external data without its file",
        new Body(withExternal(external("weights.bin", 0, 192, 16, 3)), "weights.bin"));
    for (String path :
        List.of("../../../etc/passwd", "/etc/passwd", "C:\\secrets", "a/../../b", "w\0.bin")) {
      byte[] model = withExternal(external(path, 0, 192, 16, 3));
      all.put(
          "external data at " + path.replace("\0", "NUL"),
          new Body(DataBytes.zip(Map.of("model.onnx", model, "weights.bin", data)), ""));
    }
    all.put(
        "external data beyond its file",
        new Body(archive(external("weights.bin", 4096, 192, 16, 3), data), "weights.bin"));
    all.put(
        "external data of negative length",
        new Body(archive(external("weights.bin", 0, -192, 16, 3), data), ""));
    all.put(
        "archive without a model", new Body(DataBytes.zip(Map.of("readme.txt", data)), "model"));
    all.put(
        "archive of two models",
        new Body(
            DataBytes.zip(
                Map.of(
                    "a.onnx", sound().build().toByteArray(),
                    "b.onnx", sound().build().toByteArray())),
            ""));
    all.put(
        "zip that leads out of its folder",
        new Body(DataBytes.zip(Map.of("../../model.onnx", sound().build().toByteArray())), ""));
    all.put(
        "tar that leads out of its folder",
        new Body(DataBytes.tar(Map.of("/tmp/model.onnx", sound().build().toByteArray())), ""));
    all.put("tar with a link", new Body(DataBytes.tarWithLink("model.onnx", "/etc/passwd"), ""));
    all.put("zip bomb", new Body(DataBytes.bomb("model.onnx", 96 << 20), ""));
    all.put(
        "zip cut in half",
        new Body(half(archive(external("w.bin", 0, 192, 16, 3), random(65536))), ""));
    all.put("gzip of nothing", new Body(DataBytes.gzip(new byte[0]), ""));
  }

  private static byte[] withExternal(io.compresso.onnx.proto.TensorProto.Builder tensor) {
    return with(graph -> graph.setInitializer(0, tensor));
  }

  private static byte[] archive(io.compresso.onnx.proto.TensorProto.Builder tensor, byte[] data) {
    return DataBytes.zip(Map.of("model.onnx", withExternal(tensor), "weights.bin", data));
  }

  private static byte[] quantized(float scale) {
    return with(graph -> {
      graph.addInitializer(floats("scale", scale));
      graph.setNode(2, node("quantize", "QuantizeLinear", List.of("h", "scale"), "q"));
      graph.addNode(node("dequantize", "DequantizeLinear", List.of("q", "scale"), "y"));
    });
  }

  private static byte[] nested(int depth) {
    GraphProto inner =
        GraphProto.newBuilder().setName("leaf").addOutput(value("x", FLOAT, 1)).build();
    ByteString body = inner.toByteString();
    // Written by hand: the library that writes messages would itself exhaust its stack.
    for (int i = 0; i < depth; i++) {
      ByteString attribute = field(1, ByteString.copyFromUtf8("body")).concat(field(6, body));
      ByteString node =
          field(2, ByteString.copyFromUtf8("o"))
              .concat(field(4, ByteString.copyFromUtf8("If")))
              .concat(field(5, attribute));
      body = field(1, node);
    }
    return sound().clearGraph().build().toByteString().concat(field(7, body)).toByteArray();
  }

  private static ByteString field(int number, ByteString content) {
    ByteString.Output out = ByteString.newOutput();
    out.write(number << 3 | 2);
    int size = content.size();
    while (size > 127) {
      out.write(size & 127 | 128);
      size >>>= 7;
    }
    out.write(size);
    return out.toByteString().concat(content);
  }

  private static byte[] half(byte[] bytes) {
    return Arrays.copyOf(bytes, bytes.length / 2);
  }

  private static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(11).nextBytes(bytes);
    return bytes;
  }

  private static byte[] flipped(byte[] bytes, int at) {
    byte[] copy = bytes.clone();
    copy[at] ^= 0x55;
    return copy;
  }

  /** The place of the length that follows the tag of field 7. */
  private static int lengthOfGraph(byte[] model) {
    for (int i = 0; i < model.length; i++) {
      if (model[i] == (7 << 3 | 2)) {
        return i + 1;
      }
    }
    throw new IllegalStateException("no graph");
  }
}
