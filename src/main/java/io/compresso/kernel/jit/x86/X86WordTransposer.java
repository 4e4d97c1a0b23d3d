package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.WordTransposer;
import org.jspecify.annotations.Nullable;

/** Transposes words in AVX-512 code. */
final class X86WordTransposer implements WordTransposer {
  private final CodeCache.Lease code;

  private X86WordTransposer(CodeCache.Lease code) {
    this.code = code;
  }

  /** The one of a rung; null where it has none. */
  static @Nullable WordTransposer of(VectorSet set) {
    if (set != VectorSet.AVX512) {
      return null;
    }
    TransposeCode generator = new TransposeCode();
    return new X86WordTransposer(CodeCache.lease(generator, generator::generate));
  }

  @Override
  public void transpose(long rows, int count, long offsets, int words, long target) {
    NativeCall.block(
        code.entry(), rows, offsets, target, (1L << count) - 1, words / LANES, words % LANES, 0);
  }

  @Override
  public void close() {
    code.close();
  }
}
