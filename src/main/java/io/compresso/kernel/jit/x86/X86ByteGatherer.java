package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.ByteGatherer;
import io.compresso.kernel.panel.BytePattern;
import io.compresso.kernel.panel.WordTransposer;
import java.lang.ref.Reference;
import org.jspecify.annotations.Nullable;

/** Gathers bytes in AVX-512 code. */
final class X86ByteGatherer implements ByteGatherer {
  private final WordTransposer transposer;
  private final CodeCache.Lease code;

  private X86ByteGatherer(WordTransposer transposer, CodeCache.Lease code) {
    this.transposer = transposer;
    this.code = code;
  }

  /** The one of a rung, which must have VNNI for quads; null where it has none. */
  static @Nullable ByteGatherer of(VectorSet set, Form form) {
    WordTransposer transposer = X86WordTransposer.of(set);
    if (transposer == null) {
      return null;
    }
    ByteGatherCode generator = new ByteGatherCode(form);
    return new X86ByteGatherer(transposer, CodeCache.lease(generator, generator::generate));
  }

  @Override
  public WordTransposer transposer() {
    return transposer;
  }

  @Override
  public void gather(long words, BytePattern pattern, long target, long terms, int periods) {
    NativeCall.block(
        code.entry(),
        words,
        pattern.table().address(),
        target,
        terms,
        periods,
        pattern.targetPeriod(),
        0);
    Reference.reachabilityFence(pattern);
  }

  @Override
  public void close() {
    transposer.close();
    code.close();
  }
}
