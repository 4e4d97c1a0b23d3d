package io.compresso.kernel;

import io.compresso.kernel.GemmProblem.Transpose;
import io.compresso.tensor.DType;

/**
 * Products of many pairs of matrices of one size, as attention has them: {@code C = epilogue(A .
 * B)} for each of {@code outer * inner} pairs, all operands given with the run. Matrices lie in
 * their tensors with strides of their own, so that none has to be transposed or copied before; a
 * stride of 0 repeats a matrix.
 *
 * @param product one of the products; the operands are not transposed but by their strides
 * @param outer how often {@code inner} pairs follow one another
 * @param inner pairs of one repetition
 * @param a where the left operands lie
 * @param b where the right operands lie, the second operand of a run
 * @param output where the results lie, no two in the same place; the residual lies likewise
 */
public record BatchGemmProblem(
    GemmProblem product, int outer, int inner, Place a, Place b, Place output) implements Problem {
  /**
   * Where matrices lie: element (i, j) of matrix (o, n) at {@code o * outer + n * inner + i * row +
   * j * column}, counted in elements. Elements after the last one of the last matrix are not part
   * of the operand.
   */
  public record Place(long outer, long inner, long row, long column) {
    public Place {
      if (outer < 0 || inner < 0 || row < 0 || column < 0) {
        throw new IllegalArgumentException(
            "strides %d, %d, %d, %d".formatted(outer, inner, row, column));
      }
    }

    /** Dense row-major matrices one after another. */
    public static Place dense(long inner, long rows, long columns) {
      long matrix = Math.multiplyExact(rows, columns);
      return new Place(Math.multiplyExact(inner, matrix), matrix, columns, 1);
    }

    /** The same matrices transposed. */
    public Place transposed() {
      return new Place(outer, inner, column, row);
    }

    /** The first element of a matrix. */
    public long first(long outerIndex, long innerIndex) {
      return outerIndex * outer + innerIndex * inner;
    }
  }

  public BatchGemmProblem {
    if (outer < 0 || inner < 0) {
      throw new IllegalArgumentException("batch of %d times %d".formatted(outer, inner));
    }
    if (product.transpose() != Transpose.NONE) {
      throw new IllegalArgumentException("batched operands are transposed by their strides");
    }
    if (product.types().isInt8()) {
      throw new IllegalArgumentException("batched products are of floats");
    }
  }

  /** Dense row-major stacks. */
  public static BatchGemmProblem dense(GemmProblem product, int count) {
    int m = product.m();
    int n = product.n();
    int k = product.k();
    return new BatchGemmProblem(
        product,
        1,
        count,
        Place.dense(count, m, k),
        Place.dense(count, k, n),
        Place.dense(count, m, n));
  }

  /** Products in all. */
  public int count() {
    return Math.multiplyExact(outer, inner);
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.BATCH_GEMM;
  }

  @Override
  public long inputBytes() {
    return bytes(product.types().input(), a, product.m(), product.k());
  }

  @Override
  public long secondBytes() {
    return bytes(product.types().weight(), b, product.k(), product.n());
  }

  @Override
  public long thirdBytes() {
    return product.epilogue().residual() == Epilogue.Residual.NONE ? 0 : outputBytes();
  }

  @Override
  public long outputBytes() {
    return bytes(product.types().output(), output, product.m(), product.n());
  }

  @Override
  public long biasBytes() {
    return product.biasBytes();
  }

  @Override
  public int outputChannels() {
    return product.n();
  }

  private long bytes(DType type, Place place, long rows, long columns) {
    if (outer == 0 || inner == 0 || rows == 0 || columns == 0) {
      return 0;
    }
    long last =
        Math.addExact(
            Math.addExact(
                Math.multiplyExact(outer - 1L, place.outer()),
                Math.multiplyExact(inner - 1L, place.inner())),
            Math.addExact(
                Math.multiplyExact(rows - 1, place.row()),
                Math.multiplyExact(columns - 1, place.column())));
    return type.bytes(Math.addExact(last, 1));
  }
}
