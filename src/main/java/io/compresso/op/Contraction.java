package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.Map;

/**
 * A sum of products of two tensors over the subscripts that both have and the result has not, done
 * as a product of matrices.
 *
 * @param a the subscripts of the left tensor, each once
 * @param b the subscripts of the right tensor, each once
 * @param output the subscripts of the result
 * @param sizes the size of each subscript
 */
record Contraction(String a, String b, String output, Map<Character, Long> sizes) {

  /** Whether the tensors can be contracted so: floats, without diagonals or lone sums. */
  static boolean suits(
      Tensor left, String a, Tensor right, String b, String output, Map<Character, Long> sizes) {
    return left.dtype() == DType.FLOAT
        && right.dtype() == DType.FLOAT
        && plain(left, a, b + output, sizes)
        && plain(right, b, a + output, sizes);
  }

  private static boolean plain(
      Tensor tensor, String labels, String others, Map<Character, Long> sizes) {
    for (int axis = 0; axis < labels.length(); axis++) {
      char label = labels.charAt(axis);
      if (labels.indexOf(label) != axis
          || others.indexOf(label) < 0
          || sizes.getOrDefault(label, 1L) != tensor.shape().dim(axis)) {
        return false;
      }
    }
    return true;
  }

  Tensor product(OpContext context, Tensor left, Tensor right) {
    StringBuilder batch = new StringBuilder();
    StringBuilder rows = new StringBuilder();
    StringBuilder inner = new StringBuilder();
    StringBuilder columns = new StringBuilder();
    for (char label : a.toCharArray()) {
      boolean shared = b.indexOf(label) >= 0;
      boolean kept = output.indexOf(label) >= 0;
      (shared ? kept ? batch : inner : rows).append(label);
    }
    for (char label : b.toCharArray()) {
      if (a.indexOf(label) < 0) {
        columns.append(label);
      }
    }
    Tensor x = arranged(context, left, a, batch, rows, inner);
    Tensor y = arranged(context, right, b, batch, inner, columns);
    Tensor product = MatrixProduct.of(x, y).run(context, false);
    String labels = "" + batch + rows + columns;
    long[] dims = labels.chars().mapToLong(label -> size((char) label)).toArray();
    return Transpose.permute(
        context, product.reshape(Axes.shape(context, dims)), order(labels, output));
  }

  /** The tensor as a stack of matrices. */
  private Tensor arranged(
      OpContext context,
      Tensor tensor,
      String labels,
      CharSequence batch,
      CharSequence rows,
      CharSequence columns) {
    Tensor moved = Transpose.permute(context, tensor, order(labels, "" + batch + rows + columns));
    return moved.reshape(Axes.shape(context, size(batch), size(rows), size(columns)));
  }

  private static int[] order(String from, String to) {
    return to.chars().map(from::indexOf).toArray();
  }

  private long size(char label) {
    return sizes.getOrDefault(label, 1L);
  }

  private long size(CharSequence labels) {
    return labels.chars().mapToLong(label -> size((char) label)).reduce(1, (i, j) -> i * j);
  }
}
