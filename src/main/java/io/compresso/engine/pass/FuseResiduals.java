package io.compresso.engine.pass;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts the addition of a tensor of the same shape into the epilogue of a float product. */
final class FuseResiduals extends Rewriting {
  private static final int RESIDUAL = 3;

  FuseResiduals() {
    super("Add");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    if (node.inputs().size() != 2) {
      return;
    }
    // The later one of two products, so that the other is done before.
    for (int side = 1; side >= 0; side--) {
      Node producer = view.producer(node.input(side));
      String other = node.input(1 - side);
      if (producer == null
          || other == null
          || !FuseActivations.isFloatProduct(view, producer)
          || view.onlyReader(producer.output(0)) != node
          || producer.input(RESIDUAL) != null
          || producer.attributes().containsKey("activation")
          || producer.attributes().containsKey("low")
          || producer.attributes().containsKey("high")
          || view.dtype(other) != view.dtype(node.input(side))
          || !sameShape(view.dims(node.input(side)), view.dims(other))) {
        continue;
      }
      List<String> inputs = new ArrayList<>(producer.inputs());
      while (inputs.size() <= RESIDUAL) {
        inputs.add("");
      }
      inputs.set(RESIDUAL, other);
      if (edit.replace(
          List.of(producer, node),
          NodeBuilder.like(producer).inputs(inputs).outputs(node.outputs()).build())) {
        return;
      }
    }
  }

  private static boolean sameShape(@Nullable List<Dim> a, @Nullable List<Dim> b) {
    return a != null && a.equals(b) && a.stream().noneMatch(dim -> dim instanceof Dim.Unknown);
  }
}
