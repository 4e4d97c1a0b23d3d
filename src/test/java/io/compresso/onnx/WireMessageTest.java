package io.compresso.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import io.compresso.onnx.WireMessage.Field;
import io.compresso.onnx.WireMessage.Kind;
import io.compresso.onnx.proto.ModelProto;
import io.compresso.onnx.proto.OptionalProto;
import io.compresso.onnx.proto.SequenceProto;
import io.compresso.onnx.proto.SparseTensorProto;
import io.compresso.onnx.proto.TensorProto;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WireMessageTest {
  private final Map<WireMessage, Descriptor> seen = new HashMap<>();

  @Test
  void fields_areThoseOfTheGeneratedMessages() {
    requireSame(WireMessage.MODEL, ModelProto.getDescriptor());
    requireSame(WireMessage.TENSOR, TensorProto.getDescriptor());
    requireSame(WireMessage.SPARSE_TENSOR, SparseTensorProto.getDescriptor());
    requireSame(WireMessage.SEQUENCE, SequenceProto.getDescriptor());
    requireSame(WireMessage.OPTIONAL, OptionalProto.getDescriptor());
    assertThat(seen).hasSizeGreaterThan(20);
  }

  private void requireSame(WireMessage message, Descriptor expected) {
    Descriptor before = seen.put(message, expected);
    assertThat(before == null || before == expected).as(message.name()).isTrue();
    if (before != null) {
      return;
    }
    assertThat(message.name()).isEqualTo(expected.getName());
    List<FieldDescriptor> fields =
        expected.getFields().stream()
            .sorted(Comparator.comparingInt(FieldDescriptor::getNumber))
            .toList();
    assertThat(message.fields()).as(message.name()).hasSameSizeAs(fields);
    for (int i = 0; i < fields.size(); i++) {
      Field field = message.fields().get(i);
      FieldDescriptor known = fields.get(i);
      String name = message.name() + "." + field.name();
      assertThat(field.number()).as(name).isEqualTo(known.getNumber());
      assertThat(message.field(field.number())).isSameAs(field);
      assertThat(field.name()).as(name).isEqualTo(known.getName());
      assertThat(field.repeated()).as(name).isEqualTo(known.isRepeated());
      assertThat(field.isPackable()).as(name).isEqualTo(known.isPackable());
      assertThat(field.kind()).as(name).isEqualTo(kind(known));
      if (field.message() != null) {
        requireSame(field.message(), known.getMessageType());
      }
    }
  }

  private static Kind kind(FieldDescriptor field) {
    return switch (field.getType()) {
      case MESSAGE -> Kind.MESSAGE;
      case STRING -> Kind.STRING;
      case BYTES -> Kind.BYTES;
      case FLOAT -> Kind.FLOAT;
      case INT32, INT64 -> Kind.NUMBER;
      default -> throw new AssertionError(field.getType());
    };
  }
}
