package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;

/**
 * Makes lookups of rows of dequantized constant tables of 4 or 8 bits {@code GatherBlockQuantized},
 * which dequantizes the rows that it finds and no others.
 */
final class LowerBlockLookups extends DequantizedRewriting {
  /** Elements of a table up to which floats are as good. */
  private static final long FEW_ELEMENTS = 1 << 12;

  LowerBlockLookups() {
    super("Gather");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    if (node.intAttribute("axis", 0) != 0) {
      return;
    }
    BlockWeights table = BlockWeights.from(view, node.input(0), true);
    if (table == null
        || table.values().size() <= FEW_ELEMENTS
        || table.depth() % table.block() != 0
        || !edit.free(List.of(node))) {
      return;
    }
    String base = node.inputs().getFirst();
    int rows = table.channels();
    long blocks = table.depth() / table.block();
    Tensor fields = table.fields().reshape(Shape.of(rows, (long) table.depth() * table.bits() / 8));
    Tensor scales = table.blockScales().reshape(Shape.of(rows, blocks));
    Tensor zeroPoints = table.blockZeroPoints();
    edit.replace(
        List.of(node),
        NodeBuilder.microsoft("GatherBlockQuantized")
            .name(node.name())
            .inputs(
                edit.constant(base + "_fields", fields),
                node.input(1),
                edit.constant(base + "_scales", scales),
                zeroPoints == null ? null : edit.constant(base + "_zero_points", zeroPoints))
            .outputs(node.outputs())
            .with("bits", table.bits())
            .with("block_size", table.block())
            .build());
  }
}
