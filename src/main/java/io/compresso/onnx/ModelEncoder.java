package io.compresso.onnx;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Function;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
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
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes the message of a {@link Model}; the inverse of {@link ModelDecoder}. */
final class ModelEncoder {
  private final WireWriter writer;
  private final @Nullable DataWriter data;

  /**
   * An encoder.
   *
   * @param writer makes the marks that stand for the tensors' elements
   * @param data takes large tensors, null to keep all in the message
   */
  ModelEncoder(WireWriter writer, @Nullable DataWriter data) {
    this.writer = writer;
    this.data = data;
  }

  ModelProto encode(Model model) {
    ModelProto.Builder builder =
        ModelProto.newBuilder()
            .setIrVersion(model.irVersion())
            .addAllOpsetImport(opsets(model.opsetImports()))
            .setGraph(graph(model.graph()))
            .addAllMetadataProps(entries(model.annotations().metadata()));
    if (!model.producer().name().isEmpty()) {
      builder.setProducerName(model.producer().name());
    }
    if (!model.producer().version().isEmpty()) {
      builder.setProducerVersion(model.producer().version());
    }
    if (!model.producer().domain().isEmpty()) {
      builder.setDomain(model.producer().domain());
    }
    if (model.producer().modelVersion() != 0) {
      builder.setModelVersion(model.producer().modelVersion());
    }
    if (!model.annotations().doc().isEmpty()) {
      builder.setDocString(model.annotations().doc());
    }
    model.functions().forEach(function -> builder.addFunctions(function(function)));
    return builder.mergeFrom(rest(ModelProto.parser(), model.annotations())).build();
  }

  /** The fields that the decoder had no place for. */
  private static <M extends Message> M rest(Parser<M> parser, Annotations annotations) {
    try {
      return parser.parseFrom(annotations.unknown());
    } catch (InvalidProtocolBufferException e) {
      throw new OnnxFormatException("", "annotations hold no wire bytes", e);
    }
  }

  private static List<OperatorSetIdProto> opsets(Map<String, Integer> imports) {
    List<OperatorSetIdProto> protos = new ArrayList<>();
    imports.forEach((domain, version) ->
        protos.add(OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version).build()));
    return protos;
  }

  static List<StringStringEntryProto> entries(Map<String, String> map) {
    List<StringStringEntryProto> protos = new ArrayList<>();
    map.forEach((key, value) ->
        protos.add(StringStringEntryProto.newBuilder().setKey(key).setValue(value).build()));
    return protos;
  }

  private GraphProto graph(Graph graph) {
    GraphProto rest = rest(GraphProto.parser(), graph.annotations());
    GraphProto.Builder builder =
        GraphProto.newBuilder()
            .setName(graph.name())
            .addAllMetadataProps(entries(graph.annotations().metadata()))
            .setUnknownFields(rest.getUnknownFields());
    if (!graph.annotations().doc().isEmpty()) {
      builder.setDocString(graph.annotations().doc());
    }
    graph.inputs().forEach(info -> builder.addInput(valueInfo(info)));
    graph.outputs().forEach(info -> builder.addOutput(valueInfo(info)));
    graph.valueInfos().values().forEach(info -> builder.addValueInfo(valueInfo(info)));
    graph.nodes().forEach(node -> builder.addNode(node(node)));
    initializers(graph, rest, builder);
    Set<String> names = new HashSet<>(graph.initializers().keySet());
    graph.inputs().forEach(info -> names.add(info.name()));
    graph.nodes().forEach(node -> names.addAll(node.outputs()));
    rest.getQuantizationAnnotationList().stream()
        .filter(annotation -> names.contains(annotation.getTensorName()))
        .forEach(builder::addQuantizationAnnotation);
    return builder.build();
  }

  private void initializers(Graph graph, GraphProto rest, GraphProto.Builder builder) {
    Map<String, TensorProto> notes = new HashMap<>();
    rest.getInitializerList().forEach(tensor -> notes.put(tensor.getName(), tensor));
    Map<String, SparseTensorProto> sparse = new HashMap<>();
    rest.getSparseInitializerList()
        .forEach(tensor -> sparse.put(tensor.getValues().getName(), tensor));
    graph
        .initializers()
        .forEach((name, tensor) -> {
          SparseTensorProto original = sparse.get(name);
          if (original != null && same(original, tensor)) {
            builder.addSparseInitializer(original);
            return;
          }
          TensorProto.Builder proto = tensor(tensor).setName(name);
          TensorProto note = notes.get(name);
          if (note != null) {
            proto.mergeFrom(note);
          }
          builder.addInitializer(proto);
        });
  }

  /** Whether a sparse tensor still has the dense elements that a pass may have replaced. */
  private static boolean same(SparseTensorProto sparse, Tensor dense) {
    Tensor values = OnnxCodec.decodeSparse(sparse);
    return values.dtype() == dense.dtype()
        && values.shape().equals(dense.shape())
        && values.segment().mismatch(dense.segment()) < 0;
  }

  private static ValueInfoProto valueInfo(ValueInfo info) {
    ValueInfoProto rest = rest(ValueInfoProto.parser(), info.annotations());
    ValueInfoProto.Builder builder =
        ValueInfoProto.newBuilder()
            .setName(info.name())
            .addAllMetadataProps(entries(info.annotations().metadata()))
            .setUnknownFields(rest.getUnknownFields());
    if (!info.annotations().doc().isEmpty()) {
      builder.setDocString(info.annotations().doc());
    }
    if (rest.hasType()
        && TypeCodec.decode(rest.getType(), Trail.FILE.at(info.name())).equals(info.type())) {
      return builder.setType(rest.getType()).build();
    }
    if (!info.type().isUnknown()) {
      builder.setType(TypeCodec.encode(info.type()));
    }
    return builder.build();
  }

  private NodeProto node(Node node) {
    NodeProto rest = rest(NodeProto.parser(), node.annotations());
    NodeProto.Builder builder =
        NodeProto.newBuilder()
            .addAllInput(node.inputs())
            .addAllOutput(node.outputs())
            .setOpType(node.opType())
            .addAllAttribute(attributes(node.attributes(), rest.getAttributeList()))
            .addAllMetadataProps(entries(node.annotations().metadata()))
            .addAllDeviceConfigurations(rest.getDeviceConfigurationsList())
            .setUnknownFields(rest.getUnknownFields());
    if (!node.name().isEmpty()) {
      builder.setName(node.name());
    }
    if (!node.domain().isEmpty()) {
      builder.setDomain(node.domain());
    }
    if (!node.overload().isEmpty()) {
      builder.setOverload(node.overload());
    }
    if (!node.annotations().doc().isEmpty()) {
      builder.setDocString(node.annotations().doc());
    }
    return builder.build();
  }

  private List<AttributeProto> attributes(
      Map<String, Attribute> attributes, List<AttributeProto> rest) {
    Map<String, AttributeProto> notes = new HashMap<>();
    rest.forEach(attribute -> notes.put(attribute.getName(), attribute));
    List<AttributeProto> protos = new ArrayList<>();
    attributes.forEach((name, value) -> {
      if (value instanceof Attribute.Opaque(byte[] wire)) {
        protos.add(rest(AttributeProto.parser(), new Annotations("", Map.of(), wire)));
        return;
      }
      AttributeProto.Builder builder = AttributeProto.newBuilder().setName(name);
      attribute(value, builder);
      AttributeProto note = notes.get(name);
      if (note != null) {
        builder.mergeFrom(note);
      }
      protos.add(builder.build());
    });
    return protos;
  }

  private void attribute(Attribute value, AttributeProto.Builder builder) {
    switch (value) {
      case Attribute.IntValue(long i) -> builder.setType(AttributeTypes.INT).setI(i);
      case Attribute.FloatValue(float f) -> builder.setType(AttributeTypes.FLOAT).setF(f);
      case Attribute.StringValue(byte[] s) ->
          builder.setType(AttributeTypes.STRING).setS(ByteString.copyFrom(s));
      case Attribute.TensorValue(Tensor t) ->
          builder.setType(AttributeTypes.TENSOR).setT(tensor(t));
      case Attribute.GraphValue(Graph g) -> builder.setType(AttributeTypes.GRAPH).setG(graph(g));
      case Attribute.TypeValue(ValueType type) ->
          builder.setType(AttributeTypes.TYPE).setTp(TypeCodec.encode(type));
      case Attribute.Ints(List<Long> ints) -> builder.setType(AttributeTypes.INTS).addAllInts(ints);
      case Attribute.Floats(List<Float> floats) ->
          builder.setType(AttributeTypes.FLOATS).addAllFloats(floats);
      case Attribute.Strings(List<byte[]> strings) -> {
        builder.setType(AttributeTypes.STRINGS);
        strings.forEach(string -> builder.addStrings(ByteString.copyFrom(string)));
      }
      case Attribute.Tensors(List<Tensor> tensors) -> {
        builder.setType(AttributeTypes.TENSORS);
        tensors.forEach(tensor -> builder.addTensors(tensor(tensor)));
      }
      case Attribute.Graphs(List<Graph> graphs) -> {
        builder.setType(AttributeTypes.GRAPHS);
        graphs.forEach(graph -> builder.addGraphs(graph(graph)));
      }
      case Attribute.Types(List<ValueType> types) -> {
        builder.setType(AttributeTypes.TYPES);
        for (ValueType type : types) {
          TypeProto proto = TypeCodec.encode(type);
          builder.addTypeProtos(proto);
        }
      }
      case Attribute.Reference(String name, int type) -> builder.setType(type).setRefAttrName(name);
      case Attribute.Opaque _ -> throw new IllegalStateException("written as it is");
    }
  }

  private FunctionProto function(Function function) {
    FunctionProto rest = rest(FunctionProto.parser(), function.annotations());
    FunctionProto.Builder builder =
        FunctionProto.newBuilder()
            .setName(function.name())
            .setDomain(function.domain())
            .addAllInput(function.inputs())
            .addAllOutput(function.outputs())
            .addAllAttribute(function.attributes())
            .addAllAttributeProto(attributes(function.defaults(), rest.getAttributeProtoList()))
            .addAllOpsetImport(opsets(function.opsetImports()))
            .addAllMetadataProps(entries(function.annotations().metadata()))
            .setUnknownFields(rest.getUnknownFields());
    if (!function.overload().isEmpty()) {
      builder.setOverload(function.overload());
    }
    if (!function.annotations().doc().isEmpty()) {
      builder.setDocString(function.annotations().doc());
    }
    function.nodes().forEach(node -> builder.addNode(node(node)));
    function.valueInfos().values().forEach(info -> builder.addValueInfo(valueInfo(info)));
    return builder.build();
  }

  /** The message of a tensor, without a name. */
  TensorProto.Builder tensor(Tensor tensor) {
    TensorProto.Builder builder = TensorProto.newBuilder().setDataType(tensor.dtype().code());
    for (long dim : tensor.shape().dims()) {
      builder.addDims(dim);
    }
    if (tensor.dtype() == DType.STRING) {
      for (long i = 0; i < tensor.size(); i++) {
        builder.addStringData(ByteString.copyFrom(tensor.getString(i)));
      }
      return builder;
    }
    MemorySegment segment = tensor.segment();
    if (data != null && data.takes(segment.byteSize())) {
      try {
        long offset = data.write(segment);
        return builder
            .setDataLocation(1)
            .addExternalData(entry("location", data.location()))
            .addExternalData(entry("offset", Long.toString(offset)))
            .addExternalData(entry("length", Long.toString(segment.byteSize())));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return builder.setRawData(writer.mark(segment));
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }
}
