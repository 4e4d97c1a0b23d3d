package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.LookupProblem;
import io.compresso.kernel.Operands;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Bytes by table, one at a time. */
public final class RefLookup extends RefKernel<LookupProblem> {
  public RefLookup() {
    super(KernelFamily.LOOKUP, LookupProblem.class);
  }

  @Override
  Acceptance accepts(LookupProblem problem) {
    return Acceptance.YES;
  }

  @Override
  void run(LookupProblem problem, Constants constants, Operands operands, int threads) {
    MemorySegment table = constants.second(operands);
    for (long i = 0; i < problem.count(); i++) {
      int index = Byte.toUnsignedInt(operands.input().get(ValueLayout.JAVA_BYTE, i));
      operands.output().set(ValueLayout.JAVA_BYTE, i, table.get(ValueLayout.JAVA_BYTE, index));
    }
  }
}
