package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts an addition, subtraction, multiplication or division by a constant for each channel into the
 * weights and the bias of the product before it.
 */
final class FoldChannelArithmetic extends Rewriting {
  FoldChannelArithmetic() {
    super("Add", "Div", "Mul", "Sub");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    boolean commutes = node.is("Add") || node.is("Mul");
    for (int side = 0; side < (commutes ? 2 : 1); side++) {
      Node producer = view.producer(node.input(side));
      Weighted product = Weighted.of(view, producer);
      Tensor constant = view.constant(node.input(1 - side));
      if (producer == null
          || product == null
          || constant == null
          || constant.dtype() != product.weights().dtype()
          || view.onlyReader(producer.output(0)) != node
          || !edit.free(List.of(producer, node))) {
        continue;
      }
      int rank = product.weights().shape().rank();
      double[] values = perChannel(constant, product.channels(), rank);
      if (values == null) {
        continue;
      }
      double[] zeros = new double[values.length];
      switch (node.opType()) {
        case "Add" -> product.absorb(edit, node, null, values);
        case "Sub" ->
            product.absorb(edit, node, null, Arrays.stream(values).map(v -> -v).toArray());
        case "Mul" -> product.absorb(edit, node, values, zeros);
        default ->
            product.absorb(edit, node, Arrays.stream(values).map(v -> 1 / v).toArray(), zeros);
      }
      return;
    }
  }

  /** One value a channel of a constant that broadcasts to {@code rank} axes; null if it differs. */
  private static double @Nullable [] perChannel(Tensor constant, int channels, int rank) {
    Shape shape = constant.shape();
    if (shape.rank() > rank || constant.size() != 1 && constant.size() != channels) {
      return null;
    }
    if (constant.size() == channels && channels != 1) {
      int at = shape.rank() - (rank - 1);
      if (at < 0 || shape.dim(at) != channels) {
        return null;
      }
    }
    double[] values = new double[channels];
    for (int c = 0; c < channels; c++) {
      values[c] = constant.getDouble(constant.size() == 1 ? 0 : c);
    }
    return values;
  }
}
