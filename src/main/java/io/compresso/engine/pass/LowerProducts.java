package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes convolutions and matrix products of dequantized data and dequantized constant weights ones
 * of integers; they give bytes where their result is quantized, else floats.
 */
final class LowerProducts extends DequantizedRewriting {
  LowerProducts() {
    super("Conv", "Gemm", "MatMul");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    boolean conv = node.is("Conv");
    if (!conv && !isProduct(view, node)) {
      return;
    }
    Quantized x = Quantized.from(view, node.input(0));
    boolean transB = node.intAttribute("transB", 0) != 0;
    QuantizedWeights w =
        QuantizedWeights.from(view, node.input(1), conv || node.is("Gemm") && transB ? 0 : 1);
    int rank = w == null ? 0 : w.values().shape().rank();
    if (x == null || w == null || (conv ? rank < 3 || rank > 5 : rank != 2)) {
      return;
    }
    int channels =
        Math.toIntExact(w.values().shape().dim(conv || node.is("Gemm") && transB ? 0 : 1));
    List<Node> before = new ArrayList<>(List.of(node));
    String sum = node.outputs().getFirst();
    String biasName = node.input(2);
    if (node.is("MatMul")) {
      Node add = view.onlyReader(sum);
      if (add != null && add.is("Add")) {
        String other = sum.equals(add.input(0)) ? add.input(1) : add.input(0);
        float[] row = FloatConstant.of(view, other);
        if (row != null && row.length == channels && view.rank(other) == 1) {
          before.add(add);
          sum = add.outputs().getFirst();
          biasName = other;
        }
      }
    }
    float[] bias = FloatConstant.of(view, biasName);
    if (biasName != null && (bias == null || bias.length != channels)) {
      return;
    }
    Requantization after = Requantization.after(view, sum);
    float[] factors = new float[w.scales().length];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = after == null ? w.scale(i) : x.scale() * w.scale(i) / after.output().scale();
    }
    Tensor biasTensor = bias == null ? null : after == null ? floats(bias) : steps(bias, x, w);
    if (bias != null && biasTensor == null) {
      return;
    }
    if (after != null) {
      before.addAll(after.nodes());
    }
    if (!edit.free(before)) {
      return;
    }
    NodeBuilder lowered =
        NodeBuilder.own(conv ? "QuantizedConv" : "QuantizedMatMul")
            .name(node.name())
            .inputs(
                x.bytes(),
                w.bytes(),
                biasTensor == null ? null : edit.constant(node.label() + "_bias", biasTensor),
                null,
                edit.constant(node.label() + "_factors", floats(factors)),
                zeroPoints(w, edit))
            .outputs(sum)
            .attributes(node.attributes())
            .without("alpha")
            .without("beta")
            .with("x_zero_point", x.zeroPoint());
    if (after == null) {
      lowered.with("x_scale", x.scale());
    } else {
      after.describe(lowered);
    }
    edit.replace(before, lowered.build());
  }

  private static boolean isProduct(GraphView view, Node node) {
    if (node.is("MatMul")) {
      return view.rank(node.input(0)) >= 1;
    }
    return node.is("Gemm")
        && node.intAttribute("transA", 0) == 0
        && node.floatAttribute("alpha", 1) == 1
        && (node.input(2) == null || node.floatAttribute("beta", 1) == 1)
        && (node.input(2) == null || view.rank(node.input(2)) == 1);
  }

  private static @Nullable String zeroPoints(QuantizedWeights w, Edit edit) {
    Tensor zeroPoints = w.zeroPoints();
    return zeroPoints == null ? null : edit.constant(w.bytes() + "_zero_points", zeroPoints);
  }

  private static Tensor floats(float[] values) {
    return Tensor.ofFloats(Shape.of(values.length), values);
  }

  /** The bias in steps of the sums; null when it is out of their range. */
  private static @Nullable Tensor steps(float[] bias, Quantized x, QuantizedWeights w) {
    Tensor result = Tensor.allocate(DType.INT32, Shape.of(bias.length));
    for (int c = 0; c < bias.length; c++) {
      double steps = Math.rint(bias[c] / ((double) x.scale() * w.scale(c)));
      if (!(Math.abs(steps) <= 1 << 30)) {
        return null;
      }
      result.setLong(c, (long) steps);
    }
    return result;
  }
}
