package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.WordTransposer;
import org.jspecify.annotations.Nullable;

/** Transposes words, or halves of them, in AVX-512 code. */
final class X86WordTransposer implements WordTransposer {
  private final CodeCache.Lease code;

  /** Elements of a word. */
  private final int elements;

  private X86WordTransposer(boolean halves) {
    TransposeCode generator = new TransposeCode(halves);
    this.code = CodeCache.lease(generator, generator::generate);
    this.elements = halves ? 2 : 1;
  }

  /** The one of a rung; null where it has none. */
  static @Nullable WordTransposer of(VectorSet set) {
    return set == VectorSet.AVX512 ? new X86WordTransposer(false) : null;
  }

  /**
   * As the other method, of elements of 16 bits instead of words, of which rows have an even
   * number.
   */
  static @Nullable WordTransposer ofHalves(VectorSet set) {
    return set == VectorSet.AVX512 ? new X86WordTransposer(true) : null;
  }

  @Override
  public void transpose(long rows, int count, long offsets, int words, long target) {
    int whole = words / elements;
    NativeCall.block(
        code.entry(), rows, offsets, target, (1L << count) - 1, whole / LANES, whole % LANES, 0);
  }

  @Override
  public void close() {
    code.close();
  }
}
