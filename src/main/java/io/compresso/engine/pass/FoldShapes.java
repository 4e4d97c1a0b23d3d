package io.compresso.engine.pass;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;

/** Makes integers that follow from known shapes constants. */
final class FoldShapes extends Rewriting {
  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    if (node.outputs().size() != 1 || view.isOutput(node.outputs().getFirst())) {
      return;
    }
    String output = node.outputs().getFirst();
    List<Dim> elements = view.elements(output);
    if (elements == null) {
      return;
    }
    DType type = view.dtype(output);
    Shape shape = view.shape(output);
    if (shape == null
        || type != DType.INT64 && type != DType.INT32
        || shape.size() != elements.size()
        || !elements.stream().allMatch(Dim.Fixed.class::isInstance)) {
      return;
    }
    Tensor constant = Tensor.allocate(type, shape);
    for (int i = 0; i < elements.size(); i++) {
      constant.setLong(i, ((Dim.Fixed) elements.get(i)).size());
    }
    edit.fold(node, output, constant);
  }
}
