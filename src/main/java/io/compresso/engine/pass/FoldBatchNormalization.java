package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.Tensor;
import java.util.List;

/**
 * Puts a BatchNormalization with constant parameters into the weights and the bias of the product
 * before it, when nothing else reads that one's result.
 */
final class FoldBatchNormalization extends Rewriting {
  FoldBatchNormalization() {
    super("BatchNormalization");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    if (node.intAttribute("training_mode", 0) != 0
        || node.outputs().stream().skip(1).anyMatch(output -> !view.isUnread(output))) {
      return;
    }
    Node producer = view.producer(node.input(0));
    Weighted product = Weighted.of(view, producer);
    if (producer == null || product == null || view.onlyReader(producer.output(0)) != node) {
      return;
    }
    Tensor[] parameters = new Tensor[4];
    for (int i = 0; i < 4; i++) {
      Tensor parameter = view.constant(node.input(i + 1));
      if (parameter == null
          || !parameter.dtype().isFloat()
          || parameter.size() != product.channels()) {
        return;
      }
      parameters[i] = parameter;
    }
    if (!edit.free(List.of(producer, node))) {
      return;
    }
    double epsilon = node.floatAttribute("epsilon", 1e-5f);
    double[] factors = new double[product.channels()];
    double[] shifts = new double[product.channels()];
    for (int c = 0; c < factors.length; c++) {
      factors[c] = parameters[0].getDouble(c) / Math.sqrt(parameters[3].getDouble(c) + epsilon);
      shifts[c] = parameters[1].getDouble(c) - parameters[2].getDouble(c) * factors[c];
    }
    product.absorb(edit, node, factors, shifts);
  }
}
