package io.compresso.onnx;

import com.google.protobuf.UnknownFieldSet;
import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Function;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Patch;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.onnx.proto.AttributeProto;
import io.compresso.onnx.proto.FunctionProto;
import io.compresso.onnx.proto.GraphProto;
import io.compresso.onnx.proto.ModelProto;
import io.compresso.onnx.proto.NodeProto;
import io.compresso.onnx.proto.OperatorSetIdProto;
import io.compresso.onnx.proto.SparseTensorProto;
import io.compresso.onnx.proto.StringStringEntryProto;
import io.compresso.onnx.proto.TensorProto;
import io.compresso.onnx.proto.TypeProto;
import io.compresso.onnx.proto.ValueInfoProto;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes a {@link Model} of its message. What a model has no place for is kept in the annotations of
 * the element to which it belongs, as a message of the element's own type with only those fields.
 */
final class ModelDecoder {
  private final TensorDecoder tensors;
  private final Leftovers leftovers;

  ModelDecoder(TensorDecoder tensors) {
    this.tensors = tensors;
    this.leftovers = new Leftovers(tensors);
  }

  Model decode(ModelProto proto) {
    if (!proto.hasGraph()) {
      throw new OnnxFormatException(Trail.FILE.at("graph"), "is missing; is this an ONNX model?");
    }
    if (proto.getIrVersion() < 1) {
      throw new OnnxFormatException(
          Trail.FILE.at("ir_version"), "is " + proto.getIrVersion() + "; is this an ONNX model?");
    }
    Map<String, Integer> opsets = opsets(proto.getOpsetImportList(), Trail.FILE.at("opset_import"));
    List<Function> functions = new ArrayList<>();
    for (int i = 0; i < proto.getFunctionsCount(); i++) {
      functions.add(function(proto.getFunctions(i), Trail.FILE.at("functions", i)));
    }
    return new Model(
        proto.getIrVersion(),
        opsets,
        new Model.Producer(
            proto.getProducerName(),
            proto.getProducerVersion(),
            proto.getDomain(),
            proto.getModelVersion()),
        graph(proto.getGraph(), Trail.FILE.at("graph")),
        List.copyOf(functions),
        new Annotations(
            proto.getDocString(), entries(proto.getMetadataPropsList()), leftovers.ofModel(proto)));
  }

  private static Map<String, Integer> opsets(List<OperatorSetIdProto> imports, Trail where) {
    Map<String, Integer> opsets = new LinkedHashMap<>();
    for (OperatorSetIdProto opset : imports) {
      String domain = opset.getDomain().equals("ai.onnx") ? "" : opset.getDomain();
      long version = opset.getVersion();
      if (version < 0 || version > Integer.MAX_VALUE) {
        throw new OnnxFormatException(
            where, "version " + version + " of domain '" + domain + "' is out of range");
      }
      Integer other = opsets.putIfAbsent(domain, (int) version);
      if (other != null && other != version) {
        throw new OnnxFormatException(
            where, "domain '" + domain + "' has the versions " + other + " and " + version);
      }
    }
    return opsets;
  }

  static Map<String, String> entries(List<StringStringEntryProto> entries) {
    Map<String, String> map = new LinkedHashMap<>();
    entries.forEach(entry -> map.put(entry.getKey(), entry.getValue()));
    return map;
  }

  Graph graph(GraphProto proto, Trail where) {
    Map<String, Tensor> initializers = new LinkedHashMap<>();
    for (int i = 0; i < proto.getInitializerCount(); i++) {
      TensorProto tensor = proto.getInitializer(i);
      Trail field = where.at("initializer", i);
      addInitializer(
          initializers,
          tensor.getName(),
          tensors.decode(tensor, field.named(tensor.getName())),
          field);
    }
    for (int i = 0; i < proto.getSparseInitializerCount(); i++) {
      SparseTensorProto sparse = proto.getSparseInitializer(i);
      Trail field = where.at("sparse_initializer", i);
      addInitializer(
          initializers,
          sparse.getValues().getName(),
          tensors.decodeSparse(sparse, field.named(sparse.getValues().getName())),
          field);
    }
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < proto.getNodeCount(); i++) {
      nodes.add(node(proto.getNode(i), where.at("node", i)));
    }
    Map<String, ValueInfo> infos = new LinkedHashMap<>();
    for (ValueInfo info : valueInfos(proto.getValueInfoList(), where, "value_info")) {
      infos.putIfAbsent(info.name(), info);
    }
    return new Graph(
        proto.getName(),
        valueInfos(proto.getInputList(), where, "input"),
        valueInfos(proto.getOutputList(), where, "output"),
        Patch.sort(nodes),
        initializers,
        infos,
        new Annotations(
            proto.getDocString(), entries(proto.getMetadataPropsList()), leftovers.ofGraph(proto)));
  }

  private static void addInitializer(
      Map<String, Tensor> initializers, String name, Tensor tensor, Trail where) {
    if (name.isEmpty()) {
      throw new OnnxFormatException(where.at("name"), "is missing");
    }
    if (initializers.put(name, tensor) != null) {
      throw new OnnxFormatException(where.at("name"), "'" + name + "' is there twice");
    }
  }

  private List<ValueInfo> valueInfos(List<ValueInfoProto> protos, Trail where, String field) {
    List<ValueInfo> infos = new ArrayList<>();
    for (int i = 0; i < protos.size(); i++) {
      infos.add(valueInfo(protos.get(i), where.at(field, i)));
    }
    return infos;
  }

  private ValueInfo valueInfo(ValueInfoProto proto, Trail where) {
    if (proto.getName().isEmpty()) {
      throw new OnnxFormatException(where.at("name"), "is missing");
    }
    ValueType type = TypeCodec.decode(proto.getType(), where.at("type"));
    return new ValueInfo(
        proto.getName(),
        type,
        new Annotations(
            proto.getDocString(),
            entries(proto.getMetadataPropsList()),
            Leftovers.ofValueInfo(proto, type)));
  }

  Node node(NodeProto proto, Trail where) {
    if (proto.getOpType().isEmpty()) {
      throw new OnnxFormatException(where.at("op_type"), "is missing");
    }
    return new Node(
        proto.getName(),
        proto.getDomain(),
        proto.getOpType(),
        proto.getOverload(),
        proto.getInputList(),
        proto.getOutputList(),
        attributes(proto.getAttributeList(), where, "attribute"),
        new Annotations(
            proto.getDocString(), entries(proto.getMetadataPropsList()), Leftovers.ofNode(proto)));
  }

  private Map<String, Attribute> attributes(List<AttributeProto> protos, Trail where, String list) {
    Map<String, Attribute> attributes = new LinkedHashMap<>();
    for (int i = 0; i < protos.size(); i++) {
      AttributeProto proto = protos.get(i);
      Trail field = where.at(list, i);
      if (proto.getName().isEmpty()) {
        throw new OnnxFormatException(field.at("name"), "is missing");
      }
      if (attributes.put(proto.getName(), attribute(proto, field.named(proto.getName()))) != null) {
        throw new OnnxFormatException(field.at("name"), "'" + proto.getName() + "' is there twice");
      }
    }
    return attributes;
  }

  private Attribute attribute(AttributeProto proto, Trail where) {
    if (!proto.getRefAttrName().isEmpty()) {
      return new Attribute.Reference(proto.getRefAttrName(), proto.getType());
    }
    return switch (AttributeTypes.of(proto)) {
      case AttributeTypes.FLOAT -> new Attribute.FloatValue(proto.getF());
      case AttributeTypes.INT -> new Attribute.IntValue(proto.getI());
      case AttributeTypes.STRING -> new Attribute.StringValue(proto.getS().toByteArray());
      case AttributeTypes.TENSOR -> {
        require(proto.hasT(), where.at("t"));
        yield new Attribute.TensorValue(tensors.decode(proto.getT(), where.at("t")));
      }
      case AttributeTypes.GRAPH -> {
        require(proto.hasG(), where.at("g"));
        yield new Attribute.GraphValue(graph(proto.getG(), where.at("g")));
      }
      case AttributeTypes.TYPE -> {
        require(proto.hasTp(), where.at("tp"));
        ValueType type = TypeCodec.decode(proto.getTp(), where.at("tp"));
        yield TypeCodec.encode(type).equals(proto.getTp())
            ? new Attribute.TypeValue(type)
            : new Attribute.Opaque(proto.toByteArray());
      }
      case AttributeTypes.FLOATS -> new Attribute.Floats(List.copyOf(proto.getFloatsList()));
      case AttributeTypes.INTS -> new Attribute.Ints(List.copyOf(proto.getIntsList()));
      case AttributeTypes.STRINGS -> {
        List<byte[]> strings = new ArrayList<>();
        proto.getStringsList().forEach(string -> strings.add(string.toByteArray()));
        yield new Attribute.Strings(List.copyOf(strings));
      }
      case AttributeTypes.TENSORS -> {
        List<Tensor> values = new ArrayList<>();
        for (int i = 0; i < proto.getTensorsCount(); i++) {
          values.add(tensors.decode(proto.getTensors(i), where.at("tensors", i)));
        }
        yield new Attribute.Tensors(List.copyOf(values));
      }
      case AttributeTypes.GRAPHS -> {
        List<Graph> graphs = new ArrayList<>();
        for (int i = 0; i < proto.getGraphsCount(); i++) {
          graphs.add(graph(proto.getGraphs(i), where.at("graphs", i)));
        }
        yield new Attribute.Graphs(List.copyOf(graphs));
      }
      case AttributeTypes.TYPES -> {
        List<ValueType> types = new ArrayList<>();
        List<TypeProto> protos = proto.getTypeProtosList();
        for (int i = 0; i < protos.size(); i++) {
          types.add(TypeCodec.decode(protos.get(i), where.at("type_protos", i)));
        }
        yield types.stream().map(TypeCodec::encode).toList().equals(protos)
            ? new Attribute.Types(List.copyOf(types))
            : new Attribute.Opaque(proto.toByteArray());
      }
      default -> new Attribute.Opaque(leftovers.restore(proto, where).toByteArray());
    };
  }

  private static void require(boolean present, Trail where) {
    if (!present) {
      throw new OnnxFormatException(where, "is missing");
    }
  }

  private Function function(FunctionProto proto, Trail where) {
    if (proto.getName().isEmpty()) {
      throw new OnnxFormatException(where.at("name"), "is missing");
    }
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < proto.getNodeCount(); i++) {
      nodes.add(node(proto.getNode(i), where.at("node", i)));
    }
    Map<String, ValueInfo> infos = new LinkedHashMap<>();
    for (ValueInfo info : valueInfos(proto.getValueInfoList(), where, "value_info")) {
      infos.putIfAbsent(info.name(), info);
    }
    FunctionProto.Builder rest =
        FunctionProto.newBuilder().setUnknownFields(proto.getUnknownFields());
    Leftovers.ofAttributes(proto.getAttributeProtoList()).forEach(rest::addAttributeProto);
    return new Function(
        proto.getName(),
        proto.getDomain(),
        proto.getOverload(),
        List.copyOf(proto.getInputList()),
        List.copyOf(proto.getOutputList()),
        List.copyOf(proto.getAttributeList()),
        attributes(proto.getAttributeProtoList(), where, "attribute_proto"),
        Patch.sort(nodes),
        opsets(proto.getOpsetImportList(), where.at("opset_import")),
        infos,
        new Annotations(
            proto.getDocString(),
            entries(proto.getMetadataPropsList()),
            rest.build().toByteArray()));
  }

  /** Whether a message carries fields that this version does not know. */
  static boolean hasUnknown(UnknownFieldSet fields) {
    return !fields.asMap().isEmpty();
  }
}
