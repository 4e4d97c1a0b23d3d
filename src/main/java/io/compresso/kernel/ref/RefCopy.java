package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Copies with strides, one element at a time. */
public final class RefCopy extends RefKernel<CopyProblem> {
  public RefCopy() {
    super(KernelFamily.COPY, CopyProblem.class);
  }

  @Override
  Acceptance accepts(CopyProblem problem) {
    return Acceptance.YES;
  }

  @Override
  void run(CopyProblem problem, Constants constants, Operands operands, int threads) {
    List<CopyProblem.Axis> axes = problem.axes();
    int size = problem.elementBytes();
    long[] index = new long[axes.size()];
    for (long n = problem.count(); n > 0; n--) {
      long from = 0;
      long to = 0;
      for (int i = 0; i < index.length; i++) {
        from += index[i] * axes.get(i).inputStride();
        to += index[i] * axes.get(i).outputStride();
      }
      MemorySegment.copy(operands.input(), from * size, operands.output(), to * size, size);
      for (int i = index.length - 1; i >= 0 && ++index[i] == axes.get(i).size(); i--) {
        index[i] = 0;
      }
    }
  }
}
