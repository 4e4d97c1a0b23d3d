package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.RowCopier;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Copies rows in machine code, and in Java with steps that there is no code for. */
final class JitRowCopier implements RowCopier {
  private final VectorSet set;
  private final Map<Variant, CodeCache.Lease> variants = new ConcurrentHashMap<>();

  private record Variant(Strides strides, int tail) {}

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
      RowCopier.JAVA.copy(source, target, size, strides);
      return;
    }
    int lanes = CopyCode.lanes(set, step);
    int vectors = (size.columns() - (step - 1)) / lanes;
    int tail = size.columns() - vectors * lanes;
    Variant variant = new Variant(strides, step == 1 ? 0 : tail);
    NativeCall.block(
        variants.computeIfAbsent(variant, this::lease).entry(),
        source,
        MemorySegment.NULL,
        target,
        MemorySegment.NULL,
        size.rows(),
        vectors,
        set.mask(step == 1 ? tail : 0));
  }

  private CodeCache.Lease lease(Variant variant) {
    Strides strides = variant.strides();
    CopyCode code =
        new CopyCode(
            set,
            4 * strides.sourceRow(),
            4 * strides.targetRow(),
            strides.sourceStep(),
            variant.tail());
    return CodeCache.lease(code, code::generate);
  }

  @Override
  public void close() {
    variants.values().forEach(CodeCache.Lease::close);
  }
}
