package io.compresso.technique.quantize;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import java.util.Map;
import java.util.Set;

/**
 * Which operators may compute in half precision, by the type constraints of ONNX's operator
 * specifications and of ONNX Runtime's own operators.
 */
final class HalfRules {
  /** What a node does with half precision. */
  enum Kind {
    /** Computes in it. */
    COMPUTES,
    /** Only moves or selects elements: best left in the precision of its input. */
    MOVES,
    /** Takes it and gives no floats. */
    READS,
    /** Does not take it. */
    REFUSES
  }

  private static final Set<String> COMPUTING =
      Set.of(
          "Abs",
          "Add",
          "AveragePool",
          "BatchNormalization",
          "Ceil",
          "Clip",
          "Conv",
          "ConvTranspose",
          "Cos",
          "Div",
          "Dropout",
          "Einsum",
          "Elu",
          "Erf",
          "Exp",
          "Floor",
          "GRU",
          "Gelu",
          "Gemm",
          "GlobalAveragePool",
          "GlobalLpPool",
          "GlobalMaxPool",
          "GroupNormalization",
          "HardSigmoid",
          "HardSwish",
          "InstanceNormalization",
          "LRN",
          "LSTM",
          "LayerNormalization",
          "LeakyRelu",
          "Log",
          "LogSoftmax",
          "LpNormalization",
          "MatMul",
          "Max",
          "MaxPool",
          "Mean",
          "Min",
          "Mish",
          "Mul",
          "Neg",
          "PRelu",
          "Pow",
          "RNN",
          "Reciprocal",
          "ReduceL1",
          "ReduceL2",
          "ReduceLogSum",
          "ReduceLogSumExp",
          "ReduceMax",
          "ReduceMean",
          "ReduceMin",
          "ReduceProd",
          "ReduceSum",
          "ReduceSumSquare",
          "Relu",
          "Resize",
          "Round",
          "Selu",
          "Sigmoid",
          "Sin",
          "Softmax",
          "Softplus",
          "Softsign",
          "Sqrt",
          "Sub",
          "Sum",
          "Tanh",
          "ThresholdedRelu",
          "Upsample");

  private static final Set<String> MOVING =
      Set.of(
          "Concat",
          "DepthToSpace",
          "Expand",
          "Flatten",
          "Gather",
          "GatherElements",
          "GatherND",
          "Identity",
          "Pad",
          "Reshape",
          "ScatterElements",
          "ScatterND",
          "Slice",
          "SpaceToDepth",
          "Split",
          "Squeeze",
          "Tile",
          "Transpose",
          "Unsqueeze",
          "Where");

  private static final Set<String> READING =
      Set.of("ArgMax", "ArgMin", "Equal", "Greater", "Less", "Shape", "Size");

  private static final Set<String> CONTRIB =
      Set.of("BiasGelu", "FastGelu", "FusedMatMul", "Gelu", "QuickGelu", "SkipLayerNormalization");

  /** Inputs that are fp32, whatever the others are: sizes, scales and probabilities. */
  private static final Map<String, Set<Integer>> FLOAT_INPUTS =
      Map.of("Resize", Set.of(1, 2), "Upsample", Set.of(1), "Dropout", Set.of(1));

  private HalfRules() {}

  static Kind kind(Node node) {
    if (node.domain().equals(IntegerOperators.CONTRIB)) {
      return CONTRIB.contains(node.opType()) ? Kind.COMPUTES : Kind.REFUSES;
    }
    if (!node.domain().isEmpty()) {
      return Kind.REFUSES;
    }
    if (node.is("Cast")) {
      return node.intAttribute("to", 0) == DType.FLOAT.code() ? Kind.COMPUTES : Kind.READS;
    }
    return COMPUTING.contains(node.opType())
        ? Kind.COMPUTES
        : MOVING.contains(node.opType())
            ? Kind.MOVES
            : READING.contains(node.opType()) ? Kind.READS : Kind.REFUSES;
  }

  /** Whether a float input of a node that computes in half precision is of it too. */
  static boolean isHalfInput(Node node, int input) {
    return !FLOAT_INPUTS.getOrDefault(node.opType(), Set.of()).contains(input);
  }
}
