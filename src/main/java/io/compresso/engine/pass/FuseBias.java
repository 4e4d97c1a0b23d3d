package io.compresso.engine.pass;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.op.OperatorCatalog;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Puts the addition of a constant vector along the columns into the product before it. */
final class FuseBias extends Rewriting {
  private static final int BIAS = 2;

  FuseBias() {
    super("Add");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    for (int side = 0; side < 2; side++) {
      Node producer = view.producer(node.input(side));
      Tensor bias = view.constant(node.input(1 - side));
      if (producer == null
          || bias == null
          || !producer.domain().equals(OperatorCatalog.INTERNAL)
          || !isProduct(producer)
          || view.onlyReader(producer.output(0)) != node
          || producer.input(2) != null
          || producer.input(3) != null
          || producer.attributes().containsKey("activation")
          || producer.attributes().containsKey("low")
          || producer.attributes().containsKey("high")
          || bias.dtype() != view.dtype(producer.output(0))) {
        continue;
      }
      List<Dim> dims = view.dims(node.input(side));
      Long n = dims == null || dims.isEmpty() ? null : dims.getLast().sizeOrNull();
      if (dims == null
          || n == null
          || bias.size() != n
          || bias.shape().rank() == 0
          || bias.shape().rank() > dims.size()
          || bias.shape().dim(-1) != n) {
        continue;
      }
      List<String> inputs = new ArrayList<>(producer.inputs());
      while (inputs.size() <= BIAS) {
        inputs.add("");
      }
      inputs.set(BIAS, node.inputs().get(1 - side));
      if (edit.replace(
          List.of(producer, node),
          NodeBuilder.like(producer).inputs(inputs).outputs(node.outputs()).build())) {
        return;
      }
    }
  }

  private static boolean isProduct(Node node) {
    return node.opType().equals("MatMul")
        || node.opType().equals("QuantizedMatMul")
            && node.intAttribute("y_type", DType.FLOAT.code()) == DType.FLOAT.code();
  }
}
