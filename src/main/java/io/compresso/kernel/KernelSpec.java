package io.compresso.kernel;

import io.compresso.tensor.DType;
import java.util.Set;

/**
 * What a kernel is.
 *
 * @param id {@code <datatype>-<family>-<tile>-<isa>} in the grammar of XNNPACK, for instance {@code
 *     f32-gemm-14x32-avx512}; {@code x} stands for any datatype
 * @param family what it computes
 * @param inputTypes the types of the input operand that it takes
 * @param tile the block of results that it holds in registers
 * @param packing how the constant operand is laid out, for instance {@code [n/32][k][32]}; empty
 *     when it is used as it lies
 * @param isa the rung that it needs
 */
public record KernelSpec(
    String id, KernelFamily family, Set<DType> inputTypes, Tile tile, String packing, Isa isa) {
  /** Rows and columns of results at a time, and products that one instruction sums. */
  public record Tile(int rows, int columns, int depth) {
    /** One result at a time. */
    public static final Tile SCALAR = new Tile(1, 1, 1);
  }

  public KernelSpec {
    inputTypes = Set.copyOf(inputTypes);
  }
}
