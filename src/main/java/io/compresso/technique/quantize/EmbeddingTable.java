package io.compresso.technique.quantize;

import io.compresso.tensor.Tensor;

/** Tables whose rows are looked up: 8 bits, one scale a row. */
final class EmbeddingTable {
  /** Tables of fewer elements gain nothing. */
  static final long FEWEST = 1024;

  private EmbeddingTable() {}

  static BlockWeights quantize(Tensor table) {
    int rows = (int) table.shape().dim(0);
    int depth = (int) table.shape().dim(1);
    WeightMatrix matrix = new WeightMatrix(table.toFloats(), rows, depth, 1, depth, 1);
    Grid grid = Grid.fit(matrix.values(), rows, depth, 0, 8, true);
    return new BlockWeights(
        matrix, grid, Rounding.nearest(matrix.values(), rows, depth, grid), 8, true);
  }
}
