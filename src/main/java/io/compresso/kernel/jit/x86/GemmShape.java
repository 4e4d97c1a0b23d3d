package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Epilogue;
import io.compresso.tensor.DType;

/**
 * What is fixed for all products of one {@link GemmProduct}. A unit is 32 bits of the left operand:
 * a float, two bfloat16 or four bytes, as {@code factors} says.
 *
 * @param factors what the units are
 * @param left where the left operand's units lie
 * @param right where the right operand's units lie
 * @param depth units of one sum
 * @param output the result
 */
record GemmShape(Factors factors, Left left, Right right, int depth, Output output) {
  /**
   * Unit p of row i lies at {@code i * rowStride + p * step}, counted in units.
   *
   * @param rowStride from one row to the next
   * @param step from one unit of a row to the next
   */
  record Left(long rowStride, long step) {}

  /**
   * Units of the right operand lie side by side along its columns. Floats may be stored in 16 bits.
   *
   * @param type how floats are stored: {@code FLOAT}, {@code FLOAT16} or {@code BFLOAT16}; {@code
   *     FLOAT} for other factors
   * @param stepBytes from one row of units to the next
   * @param panelBytes from one panel to the next, or 0 for a matrix whose rows are whole
   */
  record Right(DType type, long stepBytes, long panelBytes) {
    boolean isPacked() {
      return panelBytes != 0;
    }

    /** Bytes of one column of a row of units. */
    int columnBytes() {
      return type.bits() / 8;
    }
  }

  /**
   * The result and what happens to the sums before.
   *
   * @param type the result's type
   * @param stride elements from one row to the next
   * @param epilogue what happens to the sums
   * @param columns elements of each array of constants of the columns
   * @param terms which constants 8-bit products have
   */
  record Output(DType type, long stride, Epilogue epilogue, int columns, Terms terms) {
    long bytes() {
      return type.bits() / 8;
    }
  }

  /**
   * Which constants 8-bit products have.
   *
   * @param crosses whether weights have zero points, by which sums of the left rows are multiplied
   * @param rowScales whether each row has a factor of its own
   */
  record Terms(boolean crosses, boolean rowScales) {
    static final Terms NONE = new Terms(false, false);
  }

  /**
   * Which part of the depth a product covers: the sums of the parts before are read from the
   * output, those of a part that is not the last are stored as they are.
   */
  record Part(int depth, boolean first, boolean last) {}

  Part whole() {
    return new Part(depth, true, true);
  }

  boolean isOfFloats() {
    return !factors.isOfBytes();
  }
}
