package io.compresso.technique.quantize;

import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tables whose rows are looked up: 8 bits with a scale for each row, or 4 bits in blocks. */
final class EmbeddingTable {
  /** Tables of fewer elements gain nothing. */
  static final long FEWEST = 1024;

  private static final int LEAST_BLOCK = 16;
  private static final int GREATEST_BLOCK = 256;

  private EmbeddingTable() {}

  static BlockWeights quantize(Tensor table) {
    int rows = (int) table.shape().dim(0);
    int depth = (int) table.shape().dim(1);
    WeightMatrix matrix = new WeightMatrix(table.toFloats(), rows, depth, 1, depth, 1);
    Grid grid = Grid.fit(matrix.values(), rows, depth, 0, 8, true, true);
    return new BlockWeights(
        matrix, grid, Rounding.nearest(matrix.values(), rows, depth, grid), 8, true);
  }

  /** As the job wants it; by row where rows are not of whole blocks. */
  static BlockWeights quantize(Tensor table, QuantizeParams.Weights wanted) {
    int rows = (int) table.shape().dim(0);
    int depth = (int) table.shape().dim(1);
    int block = block(depth, wanted.block());
    if (wanted.embeddingBits() == 8 || block == 0) {
      return quantize(table);
    }
    WeightMatrix matrix = new WeightMatrix(table.toFloats(), rows, depth, 1, depth, 1);
    int bits = wanted.embeddingBits();
    boolean symmetric = wanted.symmetric();
    Grid grid = Grid.fit(matrix.values(), rows, depth, block, bits, symmetric, true);
    int[] integers = Rounding.nearest(matrix.values(), rows, depth, grid);
    return new BlockWeights(matrix, grid, integers, bits, symmetric);
  }

  /** The largest block up to the wanted one, 0 for any, that rows are whole of; 0 if none is. */
  private static int block(int depth, int wanted) {
    int most = wanted == 0 ? GREATEST_BLOCK : wanted;
    int block = Math.min(most, Integer.lowestOneBit(depth));
    return block < LEAST_BLOCK ? 0 : block;
  }

  /** Why a lookup is left as it is; empty when its table can be quantized. */
  static String obstacle(GraphIndex index, Node gather) {
    Tensor table = index.floatConstant(gather.input(0));
    if (table == null || table.shape().rank() != 2 || gather.intAttribute("axis", 0) != 0) {
      return "it does not look rows up in a constant table";
    }
    return table.size() < FEWEST ? "its table is small" : "";
  }

  /** ONNX Runtime's lookup in a table of blocks. */
  static Node lookUpBlocks(Node gather, BlockWeights own, Names names, QuantConstants constants) {
    String base = gather.inputs().getFirst();
    Grid grid = own.grid();
    int rows = own.matrix().rows();
    Tensor fields =
        own.packed().reshape(Shape.of(rows, (long) own.matrix().depth() * own.bits() / 8));
    List<String> inputs = new ArrayList<>();
    inputs.add(constants.add(names.fresh(base, "_q"), fields));
    inputs.add(gather.inputs().get(1));
    inputs.add(constants.add(names.fresh(base, "_s"), scales(own)));
    if (!own.symmetric()) {
      Tensor zeros = own.packedZeros();
      inputs.add(
          constants.add(
              names.fresh(base, "_z"), zeros.reshape(Shape.of(rows, zeros.size() / rows))));
    }
    return new Node(
        gather.name(),
        IntegerOperators.CONTRIB,
        "GatherBlockQuantized",
        "",
        inputs,
        gather.outputs(),
        Map.of(
            "bits",
            Attribute.of((long) own.bits()),
            "block_size",
            Attribute.of((long) grid.block())),
        gather.annotations());
  }

  /** A table that is dequantized, from operator set 21 on, and looked up. */
  static List<Node> lookUpDequantized(
      Node gather, BlockWeights own, Names names, QuantConstants constants) {
    String base = gather.inputs().getFirst();
    Grid grid = own.grid();
    int rows = own.matrix().rows();
    Tensor integers = own.inOrder(Shape.of(rows, own.matrix().depth()));
    List<String> inputs = new ArrayList<>();
    inputs.add(constants.add(names.fresh(base, "_q"), integers));
    inputs.add(constants.add(names.fresh(base, "_s"), scales(own)));
    if (!own.symmetric()) {
      Tensor zeros = Tensor.allocate(own.dtype(), Shape.of(rows, grid.blocks()));
      for (int i = 0; i < grid.zeros().length; i++) {
        zeros.setLong(i, grid.zeros()[i]);
      }
      inputs.add(constants.add(names.fresh(base, "_z"), zeros));
    }
    String real = names.fresh(base, "_d");
    Map<String, Attribute> attributes = new LinkedHashMap<>();
    attributes.put("axis", Attribute.of(1L));
    attributes.put("block_size", Attribute.of((long) grid.block()));
    return List.of(
        Node.of("DequantizeLinear", inputs, List.of(real), attributes),
        gather.withInputs(List.of(real, gather.inputs().get(1))));
  }

  /** The scales as {@code [rows, blocks]}. */
  private static Tensor scales(BlockWeights own) {
    Grid grid = own.grid();
    return Tensor.ofFloats(Shape.of(own.matrix().rows(), grid.blocks()), grid.scales());
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
