package io.compresso.web;

import com.google.protobuf.ByteString;
import io.compresso.onnx.proto.AttributeProto;
import io.compresso.onnx.proto.GraphProto;
import io.compresso.onnx.proto.ModelProto;
import io.compresso.onnx.proto.NodeProto;
import io.compresso.onnx.proto.OperatorSetIdProto;
import io.compresso.onnx.proto.StringStringEntryProto;
import io.compresso.onnx.proto.TensorProto;
import io.compresso.onnx.proto.TensorShapeProto;
import io.compresso.onnx.proto.TypeProto;
import io.compresso.onnx.proto.ValueInfoProto;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/** Models as messages, so that a test can break them in any way. */
final class ModelBytes {
  static final int FLOAT = 1;
  static final int INT64 = 7;
  static final int EXTERNAL = 1;

  private ModelBytes() {}

  /** {@code x[N,1,4,4] -> Flatten -> MatMul(w[16,3]) -> Relu -> y[N,3]}. */
  static ModelProto.Builder sound() {
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
        .setGraph(
            GraphProto.newBuilder()
                .setName("sound")
                .addInput(value("x", FLOAT, -1, 1, 4, 4))
                .addOutput(value("y", FLOAT, -1, 3))
                .addInitializer(weights("w", 1, 16, 3))
                .addNode(node("flatten", "Flatten", List.of("x"), "f"))
                .addNode(node("product", "MatMul", List.of("f", "w"), "h"))
                .addNode(node("relu", "Relu", List.of("h"), "y")));
  }

  /** A sound model whose graph a test has changed. */
  static byte[] with(Consumer<GraphProto.Builder> change) {
    ModelProto.Builder model = sound();
    change.accept(model.getGraphBuilder());
    return model.build().toByteArray();
  }

  static NodeProto.Builder node(String name, String type, List<String> inputs, String... outputs) {
    return NodeProto.newBuilder()
        .setName(name)
        .setOpType(type)
        .addAllInput(inputs)
        .addAllOutput(Arrays.asList(outputs));
  }

  /** A declared tensor; a negative dimension is a symbol. */
  static ValueInfoProto value(String name, int dtype, long... dims) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (long dim : dims) {
      if (dim < 0) {
        shape.addDimBuilder().setDimParam("N");
      } else {
        shape.addDimBuilder().setDimValue(dim);
      }
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(dtype).setShape(shape)))
        .build();
  }

  static TensorProto.Builder weights(String name, int seed, long... dims) {
    int size = (int) Arrays.stream(dims).reduce(1, (a, b) -> a * b);
    ByteBuffer bytes = ByteBuffer.allocate(size * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    Random random = new Random(seed);
    for (int i = 0; i < size; i++) {
      bytes.putFloat(random.nextFloat() - 0.5f);
    }
    TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(FLOAT);
    for (long dim : dims) {
      tensor.addDims(dim);
    }
    return tensor.setRawData(ByteString.copyFrom(bytes.array()));
  }

  static TensorProto.Builder floats(String name, float value) {
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(FLOAT)
        .setRawData(
            ByteString.copyFrom(
                ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array()));
  }

  /** Weights kept in a file of their own. */
  static TensorProto.Builder external(String location, long offset, long length, long... dims) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder().setName("w").setDataType(FLOAT).setDataLocation(EXTERNAL);
    for (long dim : dims) {
      tensor.addDims(dim);
    }
    return tensor
        .addExternalData(entry("location", location))
        .addExternalData(entry("offset", Long.toString(offset)))
        .addExternalData(entry("length", Long.toString(length)));
  }

  static AttributeProto.Builder attribute(String name, int type) {
    return AttributeProto.newBuilder().setName(name).setType(type);
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }
}
