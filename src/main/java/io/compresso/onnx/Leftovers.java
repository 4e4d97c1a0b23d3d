package io.compresso.onnx;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import io.compresso.graph.ValueType;
import io.compresso.onnx.proto.AttributeProto;
import io.compresso.onnx.proto.GraphProto;
import io.compresso.onnx.proto.ModelProto;
import io.compresso.onnx.proto.NodeProto;
import io.compresso.onnx.proto.SparseTensorProto;
import io.compresso.onnx.proto.TensorProto;
import io.compresso.onnx.proto.ValueInfoProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the messages of a model hold that {@code graph} has no place for, as wire bytes. */
final class Leftovers {
  private static final byte[] NOTHING = {};

  private final TensorDecoder tensors;

  Leftovers(TensorDecoder tensors) {
    this.tensors = tensors;
  }

  byte[] ofModel(ModelProto proto) {
    ModelProto.Builder rest =
        ModelProto.newBuilder()
            .addAllConfiguration(proto.getConfigurationList())
            .setUnknownFields(proto.getUnknownFields());
    for (int i = 0; i < proto.getTrainingInfoCount(); i++) {
      rest.addTrainingInfo(restore(proto.getTrainingInfo(i), Trail.FILE.at("training_info", i)));
    }
    return rest.buildPartial().toByteArray();
  }

  byte[] ofGraph(GraphProto proto) {
    GraphProto.Builder rest =
        GraphProto.newBuilder()
            .addAllQuantizationAnnotation(proto.getQuantizationAnnotationList())
            .setUnknownFields(proto.getUnknownFields());
    for (SparseTensorProto sparse : proto.getSparseInitializerList()) {
      rest.addSparseInitializer(restore(sparse, Trail.FILE.at("sparse_initializer")));
    }
    for (TensorProto tensor : proto.getInitializerList()) {
      UnknownFieldSet unknown = unknownOf(tensor);
      if (tensor.hasDocString()
          || tensor.getMetadataPropsCount() > 0
          || ModelDecoder.hasUnknown(unknown)) {
        TensorProto.Builder kept =
            TensorProto.newBuilder()
                .setName(tensor.getName())
                .addAllMetadataProps(tensor.getMetadataPropsList())
                .setUnknownFields(unknown);
        if (tensor.hasDocString()) {
          kept.setDocString(tensor.getDocString());
        }
        rest.addInitializer(kept);
      }
    }
    return rest.build().toByteArray();
  }

  /** The unknown fields, without elements that came one by one instead of packed. */
  private static UnknownFieldSet unknownOf(TensorProto tensor) {
    UnknownFieldSet all = tensor.getUnknownFields();
    if (all.asMap().isEmpty()) {
      return all;
    }
    UnknownFieldSet.Builder unknown = all.toBuilder();
    WireMessage.TENSOR.fields().forEach(field -> unknown.clearField(field.number()));
    return unknown.build();
  }

  static byte[] ofNode(NodeProto proto) {
    List<AttributeProto> attributes = ofAttributes(proto.getAttributeList());
    if (attributes.isEmpty()
        && proto.getDeviceConfigurationsCount() == 0
        && !ModelDecoder.hasUnknown(proto.getUnknownFields())) {
      return NOTHING;
    }
    return NodeProto.newBuilder()
        .addAllDeviceConfigurations(proto.getDeviceConfigurationsList())
        .setUnknownFields(proto.getUnknownFields())
        .addAllAttribute(attributes)
        .build()
        .toByteArray();
  }

  static List<AttributeProto> ofAttributes(List<AttributeProto> attributes) {
    List<AttributeProto> rest = new ArrayList<>();
    for (AttributeProto attribute : attributes) {
      if (attribute.hasDocString() || ModelDecoder.hasUnknown(attribute.getUnknownFields())) {
        AttributeProto.Builder kept =
            AttributeProto.newBuilder()
                .setName(attribute.getName())
                .setUnknownFields(attribute.getUnknownFields());
        if (attribute.hasDocString()) {
          kept.setDocString(attribute.getDocString());
        }
        rest.add(kept.build());
      }
    }
    return rest;
  }

  static byte[] ofValueInfo(ValueInfoProto proto, ValueType type) {
    boolean whole = !proto.hasType() || TypeCodec.isWhole(type, proto.getType());
    if (whole && !ModelDecoder.hasUnknown(proto.getUnknownFields())) {
      return NOTHING;
    }
    ValueInfoProto.Builder rest =
        ValueInfoProto.newBuilder().setUnknownFields(proto.getUnknownFields());
    if (!whole) {
      rest.setType(proto.getType());
    }
    return rest.build().toByteArray();
  }

  /** The message with the elements of all its tensors in it. */
  @SuppressWarnings("unchecked")
  <M extends Message> M restore(M message, Trail where) {
    if (message instanceof TensorProto tensor) {
      return (M) tensors.restore(tensor, where);
    }
    Message.Builder builder = message.toBuilder();
    for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
      FieldDescriptor field = entry.getKey();
      if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
        continue;
      }
      if (field.isRepeated()) {
        List<Message> items = (List<Message>) entry.getValue();
        for (int i = 0; i < items.size(); i++) {
          builder.setRepeatedField(field, i, restore(items.get(i), where.at(field.getName(), i)));
        }
      } else {
        builder.setField(field, restore((Message) entry.getValue(), where.at(field.getName())));
      }
    }
    return (M) builder.build();
  }
}
