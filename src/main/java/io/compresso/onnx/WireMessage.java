package io.compresso.onnx;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fields of ONNX's messages as they lie on the wire. The classes that protoc has made know them
 * too, but take long to say so the first time.
 */
final class WireMessage {
  /** What a field holds; lists of elements are of bytes. */
  enum Kind {
    MESSAGE,
    STRING,
    BYTES,
    FLOAT,
    NUMBER
  }

  /**
   * A field.
   *
   * @param message what a field of messages holds, else null
   */
  record Field(
      int number, String name, Kind kind, boolean repeated, @Nullable WireMessage message) {
    /** Whether numbers may come packed. */
    boolean isPackable() {
      return repeated && (kind == Kind.FLOAT || kind == Kind.NUMBER);
    }
  }

  private static final WireMessage ENTRY = new WireMessage("StringStringEntryProto");
  private static final WireMessage OPERATOR_SET = new WireMessage("OperatorSetIdProto");
  private static final WireMessage SEGMENT = new WireMessage("Segment");
  private static final WireMessage DIMENSION = new WireMessage("Dimension");
  private static final WireMessage SHAPE = new WireMessage("TensorShapeProto");
  private static final WireMessage TENSOR_TYPE = new WireMessage("Tensor");
  private static final WireMessage SPARSE_TENSOR_TYPE = new WireMessage("SparseTensor");
  private static final WireMessage SEQUENCE_TYPE = new WireMessage("Sequence");
  private static final WireMessage OPTIONAL_TYPE = new WireMessage("Optional");
  private static final WireMessage MAP_TYPE = new WireMessage("Map");
  private static final WireMessage OPAQUE_TYPE = new WireMessage("Opaque");
  private static final WireMessage TYPE = new WireMessage("TypeProto");
  private static final WireMessage VALUE_INFO = new WireMessage("ValueInfoProto");
  private static final WireMessage DEVICE = new WireMessage("DeviceConfigurationProto");
  private static final WireMessage NODE_DEVICE = new WireMessage("NodeDeviceConfigurationProto");
  private static final WireMessage SHARDING = new WireMessage("ShardingSpecProto");
  private static final WireMessage INT_LIST = new WireMessage("IntIntListEntryProto");
  private static final WireMessage SHARDED_DIM = new WireMessage("ShardedDimProto");
  private static final WireMessage SIMPLE_SHARDED_DIM = new WireMessage("SimpleShardedDimProto");
  private static final WireMessage ATTRIBUTE = new WireMessage("AttributeProto");
  private static final WireMessage NODE = new WireMessage("NodeProto");
  private static final WireMessage ANNOTATION = new WireMessage("TensorAnnotation");
  private static final WireMessage GRAPH = new WireMessage("GraphProto");
  private static final WireMessage FUNCTION = new WireMessage("FunctionProto");
  private static final WireMessage TRAINING = new WireMessage("TrainingInfoProto");

  static final WireMessage TENSOR = new WireMessage("TensorProto");
  static final WireMessage SPARSE_TENSOR = new WireMessage("SparseTensorProto");
  static final WireMessage SEQUENCE = new WireMessage("SequenceProto");
  static final WireMessage OPTIONAL = new WireMessage("OptionalProto");
  static final WireMessage MODEL = new WireMessage("ModelProto");

  private final String name;
  private final List<@Nullable Field> fields = new ArrayList<>();

  private WireMessage(String name) {
    this.name = name;
  }

  static {
    ENTRY.string(1, "key").string(2, "value");
    OPERATOR_SET.string(1, "domain").number(2, "version");
    SEGMENT.number(1, "begin").number(2, "end");
    DIMENSION.number(1, "dim_value").string(2, "dim_param").string(3, "denotation");
    SHAPE.messages(1, "dim", DIMENSION);
    TENSOR_TYPE.number(1, "elem_type").message(2, "shape", SHAPE);
    SPARSE_TENSOR_TYPE.number(1, "elem_type").message(2, "shape", SHAPE);
    SEQUENCE_TYPE.message(1, "elem_type", TYPE);
    OPTIONAL_TYPE.message(1, "elem_type", TYPE);
    MAP_TYPE.number(1, "key_type").message(2, "value_type", TYPE);
    OPAQUE_TYPE.string(1, "domain").string(2, "name");
    TYPE.message(1, "tensor_type", TENSOR_TYPE)
        .message(4, "sequence_type", SEQUENCE_TYPE)
        .message(5, "map_type", MAP_TYPE)
        .string(6, "denotation")
        .message(7, "opaque_type", OPAQUE_TYPE)
        .message(8, "sparse_tensor_type", SPARSE_TENSOR_TYPE)
        .message(9, "optional_type", OPTIONAL_TYPE);
    VALUE_INFO
        .string(1, "name")
        .message(2, "type", TYPE)
        .string(3, "doc_string")
        .messages(4, "metadata_props", ENTRY);
    TENSOR
        .numbers(1, "dims")
        .number(2, "data_type")
        .message(3, "segment", SEGMENT)
        .bytesList(4, "float_data")
        .bytesList(5, "int32_data")
        .bytesList(6, "string_data")
        .bytesList(7, "int64_data")
        .string(8, "name")
        .bytes(9, "raw_data")
        .bytesList(10, "double_data")
        .bytesList(11, "uint64_data")
        .string(12, "doc_string")
        .messages(13, "external_data", ENTRY)
        .number(14, "data_location")
        .messages(16, "metadata_props", ENTRY);
    SPARSE_TENSOR.message(1, "values", TENSOR).message(2, "indices", TENSOR).numbers(3, "dims");
    DEVICE.string(1, "name").number(2, "num_devices").strings(3, "device");
    INT_LIST.number(1, "key").numbers(2, "value");
    SIMPLE_SHARDED_DIM.number(1, "dim_value").string(2, "dim_param").number(3, "num_shards");
    SHARDED_DIM.number(1, "axis").messages(2, "simple_sharding", SIMPLE_SHARDED_DIM);
    SHARDING
        .string(1, "tensor_name")
        .numbers(2, "device")
        .messages(3, "index_to_device_group_map", INT_LIST)
        .messages(4, "sharded_dim", SHARDED_DIM);
    NODE_DEVICE
        .string(1, "configuration_id")
        .messages(2, "sharding_spec", SHARDING)
        .number(3, "pipeline_stage");
    ATTRIBUTE
        .string(1, "name")
        .add(2, "f", Kind.FLOAT, false, null)
        .number(3, "i")
        .bytes(4, "s")
        .message(5, "t", TENSOR)
        .message(6, "g", GRAPH)
        .add(7, "floats", Kind.FLOAT, true, null)
        .numbers(8, "ints")
        .bytesList(9, "strings")
        .messages(10, "tensors", TENSOR)
        .messages(11, "graphs", GRAPH)
        .string(13, "doc_string")
        .message(14, "tp", TYPE)
        .messages(15, "type_protos", TYPE)
        .number(20, "type")
        .string(21, "ref_attr_name")
        .message(22, "sparse_tensor", SPARSE_TENSOR)
        .messages(23, "sparse_tensors", SPARSE_TENSOR);
    NODE.strings(1, "input")
        .strings(2, "output")
        .string(3, "name")
        .string(4, "op_type")
        .messages(5, "attribute", ATTRIBUTE)
        .string(6, "doc_string")
        .string(7, "domain")
        .string(8, "overload")
        .messages(9, "metadata_props", ENTRY)
        .messages(10, "device_configurations", NODE_DEVICE);
    ANNOTATION.string(1, "tensor_name").messages(2, "quant_parameter_tensor_names", ENTRY);
    GRAPH
        .messages(1, "node", NODE)
        .string(2, "name")
        .messages(5, "initializer", TENSOR)
        .string(10, "doc_string")
        .messages(11, "input", VALUE_INFO)
        .messages(12, "output", VALUE_INFO)
        .messages(13, "value_info", VALUE_INFO)
        .messages(14, "quantization_annotation", ANNOTATION)
        .messages(15, "sparse_initializer", SPARSE_TENSOR)
        .messages(16, "metadata_props", ENTRY);
    FUNCTION
        .string(1, "name")
        .strings(4, "input")
        .strings(5, "output")
        .strings(6, "attribute")
        .messages(7, "node", NODE)
        .string(8, "doc_string")
        .messages(9, "opset_import", OPERATOR_SET)
        .string(10, "domain")
        .messages(11, "attribute_proto", ATTRIBUTE)
        .messages(12, "value_info", VALUE_INFO)
        .string(13, "overload")
        .messages(14, "metadata_props", ENTRY);
    TRAINING
        .message(1, "initialization", GRAPH)
        .message(2, "algorithm", GRAPH)
        .messages(3, "initialization_binding", ENTRY)
        .messages(4, "update_binding", ENTRY);
    SEQUENCE
        .string(1, "name")
        .number(2, "elem_type")
        .messages(3, "tensor_values", TENSOR)
        .messages(4, "sparse_tensor_values", SPARSE_TENSOR)
        .messages(5, "sequence_values", SEQUENCE)
        .messages(7, "optional_values", OPTIONAL);
    OPTIONAL
        .string(1, "name")
        .number(2, "elem_type")
        .message(3, "tensor_value", TENSOR)
        .message(4, "sparse_tensor_value", SPARSE_TENSOR)
        .message(5, "sequence_value", SEQUENCE)
        .message(7, "optional_value", OPTIONAL);
    MODEL
        .number(1, "ir_version")
        .string(2, "producer_name")
        .string(3, "producer_version")
        .string(4, "domain")
        .number(5, "model_version")
        .string(6, "doc_string")
        .message(7, "graph", GRAPH)
        .messages(8, "opset_import", OPERATOR_SET)
        .messages(14, "metadata_props", ENTRY)
        .messages(20, "training_info", TRAINING)
        .messages(25, "functions", FUNCTION)
        .messages(26, "configuration", DEVICE);
  }

  private WireMessage string(int number, String field) {
    return add(number, field, Kind.STRING, false, null);
  }

  private WireMessage strings(int number, String field) {
    return add(number, field, Kind.STRING, true, null);
  }

  private WireMessage bytes(int number, String field) {
    return add(number, field, Kind.BYTES, false, null);
  }

  private WireMessage bytesList(int number, String field) {
    return add(number, field, Kind.BYTES, true, null);
  }

  private WireMessage number(int number, String field) {
    return add(number, field, Kind.NUMBER, false, null);
  }

  private WireMessage numbers(int number, String field) {
    return add(number, field, Kind.NUMBER, true, null);
  }

  private WireMessage message(int number, String field, WireMessage message) {
    return add(number, field, Kind.MESSAGE, false, message);
  }

  private WireMessage messages(int number, String field, WireMessage message) {
    return add(number, field, Kind.MESSAGE, true, message);
  }

  private WireMessage add(
      int number, String field, Kind kind, boolean repeated, @Nullable WireMessage message) {
    while (fields.size() <= number) {
      fields.add(null);
    }
    fields.set(number, new Field(number, field, kind, repeated, message));
    return this;
  }

  /** The message's name, without that of the message around it. */
  String name() {
    return name;
  }

  /** The field of that number, or null. */
  @Nullable Field field(long number) {
    return number < fields.size() ? fields.get((int) number) : null;
  }

  /** The fields in the order of their numbers. */
  List<Field> fields() {
    List<Field> known = new ArrayList<>();
    for (Field field : fields) {
      if (field != null) {
        known.add(field);
      }
    }
    return known;
  }
}
