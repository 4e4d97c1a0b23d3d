package io.compresso.onnx;

import io.compresso.onnx.proto.AttributeProto;

/** The codes of {@code AttributeProto.AttributeType}. */
final class AttributeTypes {
  static final int UNDEFINED = 0;
  static final int FLOAT = 1;
  static final int INT = 2;
  static final int STRING = 3;
  static final int TENSOR = 4;
  static final int GRAPH = 5;
  static final int FLOATS = 6;
  static final int INTS = 7;
  static final int STRINGS = 8;
  static final int TENSORS = 9;
  static final int GRAPHS = 10;
  static final int SPARSE_TENSOR = 11;
  static final int SPARSE_TENSORS = 12;
  static final int TYPE = 13;
  static final int TYPES = 14;

  private AttributeTypes() {}

  /** The type that a message says; where it says none (IR version 1) that of the field it sets. */
  static int of(AttributeProto proto) {
    if (proto.getType() != UNDEFINED) {
      return proto.getType();
    }
    if (proto.hasF()) {
      return FLOAT;
    }
    if (proto.hasI()) {
      return INT;
    }
    if (proto.hasS()) {
      return STRING;
    }
    if (proto.hasT()) {
      return TENSOR;
    }
    if (proto.hasG()) {
      return GRAPH;
    }
    if (proto.getFloatsCount() > 0) {
      return FLOATS;
    }
    if (proto.getIntsCount() > 0) {
      return INTS;
    }
    if (proto.getStringsCount() > 0) {
      return STRINGS;
    }
    if (proto.getTensorsCount() > 0) {
      return TENSORS;
    }
    return proto.getGraphsCount() > 0 ? GRAPHS : UNDEFINED;
  }
}
