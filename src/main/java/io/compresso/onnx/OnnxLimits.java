package io.compresso.onnx;

/**
 * What reading a file may cost. Weights stay in the mapped file and don't count.
 *
 * @param structureBytes bytes of heap that a model's structure (nodes, names, attributes) may take,
 *     estimated before anything is built
 * @param depth how deep messages may nest; a subgraph takes three levels
 * @param denseBytes bytes that tensors which must be unpacked (sparse or variable-length encoded)
 *     may take together
 * @param archiveBytes bytes that an archive's entries may take together, unpacked
 */
public record OnnxLimits(long structureBytes, int depth, long denseBytes, long archiveBytes) {
  public static final OnnxLimits DEFAULT = new OnnxLimits(1L << 29, 100, 1L << 32, 1L << 36);
}
