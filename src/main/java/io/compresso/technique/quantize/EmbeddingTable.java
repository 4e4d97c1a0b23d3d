package io.compresso.technique.quantize;

import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** Tables whose rows are looked up: 8 bits, one scale a row. */
final class EmbeddingTable {
  /** Tables of fewer elements gain nothing. */
  static final long FEWEST = 1024;

  private EmbeddingTable() {}

  static BlockWeights quantize(Tensor table) {
    int rows = (int) table.shape().dim(0);
    int depth = (int) table.shape().dim(1);
    WeightMatrix matrix = new WeightMatrix(table.toFloats(), rows, depth, 1, depth, 1);
    Grid grid = Grid.fit(matrix.values(), rows, depth, 0, 8, true, true);
    return new BlockWeights(
        matrix, grid, Rounding.nearest(matrix.values(), rows, depth, grid), 8, true);
  }

  /** Why a lookup is left as it is; empty when its table can be quantized. */
  static String obstacle(GraphIndex index, Node gather) {
    Tensor table = index.floatConstant(gather.input(0));
    if (table == null || table.shape().rank() != 2 || gather.intAttribute("axis", 0) != 0) {
      return "it does not look rows up in a constant table";
    }
    return table.size() < FEWEST ? "its table is small" : "";
  }

  /** The nodes that look up integers and scale them. */
  static List<Node> lookUp(Node gather, BlockWeights own, Names names, QuantConstants constants) {
    String base = gather.inputs().getFirst();
    String ids = gather.inputs().get(1);
    String output = gather.outputs().getFirst();
    int rows = own.matrix().rows();
    Tensor integers = own.inOrder(Shape.of(rows, own.matrix().depth()));
    String table = constants.add(names.fresh(base, "_q"), integers);
    String scales =
        constants.add(
            names.fresh(base, "_s"), Tensor.ofFloats(Shape.of(rows, 1), own.grid().scales()));
    String found = names.fresh(output, "_q");
    String real = names.fresh(output, "_c");
    String scale = names.fresh(output, "_s");
    return List.of(
        gather.withInputs(List.of(table, ids)).withOutputs(List.of(found)),
        Node.of(
            "Cast",
            List.of(found),
            List.of(real),
            Map.of("to", Attribute.of((long) DType.FLOAT.code()))),
        Node.of("Gather", List.of(scales, ids), List.of(scale), Map.of()),
        Node.of("Mul", List.of(real, scale), List.of(output), Map.of()));
  }
}
