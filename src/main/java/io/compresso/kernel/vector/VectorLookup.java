package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.LookupProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.panel.Chunks;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;

/** Bytes by table, portable, block by block. */
public final class VectorLookup extends VectorKernel<LookupProblem> {
  private static final int BLOCK = 4096;

  public VectorLookup() {
    super(KernelFamily.LOOKUP, LookupProblem.class, Set.of(DType.UINT8, DType.INT8));
  }

  /** Always: the compiler makes vectors of its loops by itself. */
  @Override
  Acceptance available() {
    return Acceptance.YES;
  }

  @Override
  Acceptance accepts(LookupProblem problem) {
    return Acceptance.YES;
  }

  @Override
  void run(LookupProblem problem, Constants constants, Operands operands, int threads) {
    byte[] table = constants.second(operands).toArray(ValueLayout.JAVA_BYTE);
    Chunks.run(
        Math.ceilDiv(problem.count(), BLOCK),
        4 * problem.count(),
        threads,
        (first, blocks) -> {
          byte[] bytes = new byte[BLOCK];
          for (long block = first; block < first + blocks; block++) {
            long at = block * BLOCK;
            int count = (int) Math.min(BLOCK, problem.count() - at);
            MemorySegment.copy(operands.input(), ValueLayout.JAVA_BYTE, at, bytes, 0, count);
            for (int i = 0; i < count; i++) {
              bytes[i] = table[Byte.toUnsignedInt(bytes[i])];
            }
            MemorySegment.copy(bytes, 0, operands.output(), ValueLayout.JAVA_BYTE, at, count);
          }
        });
  }
}
