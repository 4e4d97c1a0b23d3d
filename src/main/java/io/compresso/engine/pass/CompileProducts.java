package io.compresso.engine.pass;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;

/**
 * Makes products of floats with one matrix ones of the engine's own, to which others can be fused:
 * {@code MatMul}, and {@code Gemm} whose C is a constant vector along the columns, or none.
 */
final class CompileProducts extends Rewriting {
  CompileProducts() {
    super("Gemm", "MatMul");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    DType type = view.dtype(node.input(0));
    if (type == null || !type.isFloat() || type.bits() < 16) {
      return;
    }
    if (node.is("MatMul")) {
      if (view.rank(node.input(0)) >= 1 && view.rank(node.input(1)) == 2) {
        edit.replace(
            List.of(node),
            NodeBuilder.own("MatMul")
                .name(node.name())
                .inputs(node.inputs())
                .outputs(node.outputs())
                .build());
      }
    } else {
      gemm(view, node, edit);
    }
  }

  private static void gemm(GraphView view, Node node, Edit edit) {
    float alpha = node.floatAttribute("alpha", 1);
    float beta = node.floatAttribute("beta", 1);
    Tensor weights = view.constant(node.input(1));
    List<Dim> dims = view.dims(node.input(1));
    boolean transB = node.intAttribute("transB", 0) != 0;
    if (dims == null || dims.size() != 2 || alpha != 1 && weights == null) {
      return;
    }
    String bias = null;
    if (node.input(2) != null && beta != 0) {
      Tensor c = view.constant(node.input(2));
      Long n = dims.get(transB ? 0 : 1).sizeOrNull();
      if (c == null || n == null || !isRow(c, n)) {
        return;
      }
      boolean asItIs = beta == 1 && c.size() == n && c.shape().rank() == 1;
      bias = asItIs ? node.input(2) : edit.constant(node.inputs().get(2), row(c, n, beta));
    }
    String w =
        alpha == 1 || weights == null
            ? node.inputs().get(1)
            : edit.constant(node.inputs().get(1), scaled(weights, alpha));
    edit.replace(
        List.of(node),
        NodeBuilder.own("MatMul")
            .name(node.name())
            .inputs(node.input(0), w, bias)
            .outputs(node.outputs())
            .with("transA", node.intAttribute("transA", 0))
            .with("transB", transB ? 1 : 0)
            .build());
  }

  private static boolean isRow(Tensor c, long n) {
    Shape shape = c.shape();
    return shape.rank() <= 2 && (c.size() == 1 || c.size() == n && shape.dim(-1) == n);
  }

  private static Tensor row(Tensor c, long n, float factor) {
    Tensor result = Tensor.allocate(c.dtype(), Shape.of(n));
    for (long i = 0; i < n; i++) {
      result.setDouble(i, c.getDouble(c.size() == 1 ? 0 : i) * factor);
    }
    return result;
  }

  private static Tensor scaled(Tensor tensor, float factor) {
    Tensor result = Tensor.allocate(tensor.dtype(), tensor.shape());
    for (long i = 0; i < tensor.size(); i++) {
      result.setDouble(i, tensor.getDouble(i) * factor);
    }
    return result;
  }
}
