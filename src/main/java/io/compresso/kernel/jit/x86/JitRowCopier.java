package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.RowCopier;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Copies rows in machine code; steps that there is no code for, and what it leaves, in Java. */
final class JitRowCopier implements RowCopier {
  private final VectorSet set;
  private final Map<Strides, CodeCache.Lease> variants = new ConcurrentHashMap<>();

  JitRowCopier(VectorSet set) {
    this.set = set;
  }

  @Override
  public void copy(MemorySegment source, MemorySegment target, Size size, Strides strides) {
    int step = strides.sourceStep();
    if (size.rows() == 0 || size.columns() == 0) {
      return;
    }
    if (step > 2 || (step == 2 && set != VectorSet.AVX512)) {
      RowCopier.copy(source, target, size, strides, 0);
      return;
    }
    int lanes = CopyCode.lanes(set, step);
    // With a step of 2 the element after the last one is read, so that Java does the last one.
    int vectors = (size.columns() - (step - 1)) / lanes;
    int tail = step == 1 ? size.columns() % lanes : 0;
    NativeCall.block(
        variants.computeIfAbsent(strides, this::lease).entry(),
        source,
        MemorySegment.NULL,
        target,
        MemorySegment.NULL,
        size.rows(),
        vectors,
        set.mask(tail));
    int done = vectors * lanes + tail;
    if (done < size.columns()) {
      RowCopier.copy(source, target, size, strides, done);
    }
  }

  private CodeCache.Lease lease(Strides strides) {
    CopyCode code =
        new CopyCode(set, 4 * strides.sourceRow(), 4 * strides.targetRow(), strides.sourceStep());
    return CodeCache.lease(code, code::generate);
  }

  @Override
  public void close() {
    variants.values().forEach(CodeCache.Lease::close);
  }
}
