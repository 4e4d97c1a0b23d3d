package io.compresso.engine.mutated;

import com.google.protobuf.InvalidProtocolBufferException;
import io.compresso.onnx.proto.AttributeProto;
import io.compresso.onnx.proto.GraphProto;
import io.compresso.onnx.proto.ModelProto;
import io.compresso.onnx.proto.NodeProto;
import io.compresso.onnx.proto.TensorProto;
import java.util.SplittableRandom;

/** Damages models: flipped bits, and fields that changed places. */
final class Mutations {
  private static final int HEAD = 1 << 14;

  private final byte[] whole;
  private final ModelProto model;

  Mutations(byte[] whole) throws InvalidProtocolBufferException {
    this.whole = whole;
    this.model = ModelProto.parseFrom(whole);
  }

  /** The damage of a seed. */
  byte[] of(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return random.nextBoolean() ? flipped(random) : swapped(random);
  }

  /** Most flips hit the ends of the file, where the structure lies and not the weights. */
  private byte[] flipped(SplittableRandom random) {
    byte[] damaged = whole.clone();
    int flips = 1 + random.nextInt(4);
    for (int i = 0; i < flips; i++) {
      int near = random.nextInt(Math.min(HEAD, damaged.length));
      int at =
          switch (random.nextInt(3)) {
            case 0 -> near;
            case 1 -> damaged.length - 1 - near;
            default -> random.nextInt(damaged.length);
          };
      damaged[at] ^= (byte) (1 << random.nextInt(8));
    }
    return damaged;
  }

  private byte[] swapped(SplittableRandom random) {
    GraphProto.Builder graph = model.getGraph().toBuilder();
    int swaps = 1 + random.nextInt(3);
    for (int i = 0; i < swaps; i++) {
      if (graph.getInitializerCount() > 0 && random.nextInt(3) == 0) {
        swapTensors(graph, random);
      } else {
        swapNodes(graph, random);
      }
    }
    return model.toBuilder().setGraph(graph).build().toByteArray();
  }

  private static void swapTensors(GraphProto.Builder graph, SplittableRandom random) {
    TensorProto.Builder a =
        graph.getInitializerBuilder(random.nextInt(graph.getInitializerCount()));
    TensorProto.Builder b =
        graph.getInitializerBuilder(random.nextInt(graph.getInitializerCount()));
    switch (random.nextInt(4)) {
      case 0 -> {
        String name = a.getName();
        a.setName(b.getName());
        b.setName(name);
      }
      case 1 -> a.setDataType(b.getDataType());
      case 2 -> a.clearDims().addAllDims(b.getDimsList());
      default -> {
        if (a.getDimsCount() > 0) {
          a.setDims(random.nextInt(a.getDimsCount()), value(random));
        }
      }
    }
  }

  private static void swapNodes(GraphProto.Builder graph, SplittableRandom random) {
    NodeProto.Builder a = graph.getNodeBuilder(random.nextInt(graph.getNodeCount()));
    NodeProto.Builder b = graph.getNodeBuilder(random.nextInt(graph.getNodeCount()));
    switch (random.nextInt(6)) {
      case 0 -> {
        String opType = a.getOpType();
        a.setOpType(b.getOpType());
        b.setOpType(opType);
      }
      case 1 -> {
        if (a.getInputCount() > 0 && b.getInputCount() > 0) {
          a.setInput(
              random.nextInt(a.getInputCount()), b.getInput(random.nextInt(b.getInputCount())));
        }
      }
      case 2 -> {
        if (a.getInputCount() > 0) {
          a.setInput(random.nextInt(a.getInputCount()), "");
        }
      }
      case 3 -> {
        if (a.getAttributeCount() > 0) {
          change(a.getAttributeBuilder(random.nextInt(a.getAttributeCount())), random);
        }
      }
      case 4 -> {
        if (a.getAttributeCount() > 0) {
          a.removeAttribute(random.nextInt(a.getAttributeCount()));
        }
      }
      default -> {
        if (b.getAttributeCount() > 0) {
          a.addAttribute(b.getAttribute(random.nextInt(b.getAttributeCount())));
        }
      }
    }
  }

  private static void change(AttributeProto.Builder attribute, SplittableRandom random) {
    if (attribute.getIntsCount() > 0) {
      attribute.setInts(random.nextInt(attribute.getIntsCount()), value(random));
    } else {
      attribute.setI(value(random)).setF((float) value(random));
    }
  }

  private static long value(SplittableRandom random) {
    long[] values = {0, -1, 1, 2, 7, 1000, 65_537, Integer.MAX_VALUE, Long.MAX_VALUE, -1000};
    return values[random.nextInt(values.length)];
  }
}
