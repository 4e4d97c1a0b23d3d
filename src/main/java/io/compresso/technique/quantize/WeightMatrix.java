package io.compresso.technique.quantize;

import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;

/**
 * Weights as a matrix with one row for each output channel, whose elements multiply the elements of
 * the layer's input (for a convolution, of a patch of it).
 *
 * @param values {@code [rows, depth]}, row-major
 * @param groups how many equal parts of the rows see an input of their own
 * @param rowStride from a row to the next in the weights' own order
 * @param depthStride from an element of a row to the next
 */
record WeightMatrix(
    float[] values, int rows, int depth, int groups, int rowStride, int depthStride) {

  /** Whether the node's weights have this form: Conv, Gemm, and MatMul of a matrix. */
  static boolean fits(Node node, Tensor weights) {
    return node.is("Conv") || (node.is("Gemm") || node.is("MatMul")) && weights.shape().rank() == 2;
  }

  static WeightMatrix of(Node node, Tensor weights) {
    Shape shape = weights.shape();
    if (node.is("Conv")) {
      int rows = (int) shape.dim(0);
      int depth = (int) shape.size(1, shape.rank());
      int groups = (int) node.intAttribute("group", 1);
      return new WeightMatrix(weights.toFloats(), rows, depth, groups, depth, 1);
    }
    boolean transposed = node.is("Gemm") && node.intAttribute("transB", 0) != 0;
    int first = (int) shape.dim(0);
    int second = (int) shape.dim(1);
    if (transposed) {
      return new WeightMatrix(weights.toFloats(), first, second, 1, second, 1);
    }
    float[] own = weights.toFloats();
    float[] turned = new float[own.length];
    for (int k = 0; k < first; k++) {
      for (int n = 0; n < second; n++) {
        turned[n * first + k] = own[k * second + n];
      }
    }
    return new WeightMatrix(turned, second, first, 1, 1, second);
  }

  /** Where an element lies in the weights' own order. */
  int index(int row, int k) {
    return row * rowStride + k * depthStride;
  }
}
