package io.compresso.technique.quantize;

import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import io.compresso.technique.quantize.QuantPlan.Kind;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The integer forms of operators: ONNX's own, and those that ONNX Runtime adds. */
final class IntegerOperators {
  /** The domain of ONNX Runtime's own operators. */
  static final String CONTRIB = "com.microsoft";

  private IntegerOperators() {}

  /**
   * An integer operator. Its inputs are values, each with scale and zero point, and the output's
   * scale and zero point.
   *
   * @param outputFirst whether the output's scale and zero point come before the values
   * @param biasBeforeOutput whether the bias comes before the output's scale
   * @param floatOutput whether, without the output's scale, the result is float
   */
  record Form(
      String domain,
      String opType,
      Map<String, Attribute> attributes,
      boolean outputFirst,
      boolean biasBeforeOutput,
      boolean floatOutput) {}

  /** The node's integer form; null when there is none. */
  static @Nullable Form form(Node node, Kind kind) {
    if (kind == Kind.PASS_THROUGH) {
      return new Form("", node.opType(), node.attributes(), false, false, false);
    }
    return switch (node.opType()) {
      case "Conv" -> new Form("", "QLinearConv", node.attributes(), false, false, false);
      case "MatMul" -> new Form("", "QLinearMatMul", node.attributes(), false, false, false);
      case "Gemm" -> {
        Map<String, Attribute> attributes = new LinkedHashMap<>(node.attributes());
        attributes.remove("beta");
        yield new Form(CONTRIB, "QGemm", attributes, false, true, true);
      }
      case "Concat" -> new Form(CONTRIB, "QLinearConcat", node.attributes(), true, false, false);
      case "Add", "Mul", "Sigmoid", "LeakyRelu", "AveragePool", "GlobalAveragePool" ->
          new Form(CONTRIB, "QLinear" + node.opType(), node.attributes(), false, false, false);
      default -> null;
    };
  }
}
