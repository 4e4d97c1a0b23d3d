package io.compresso.kernel;

import io.compresso.kernel.panel.ScratchGuard;
import org.jspecify.annotations.Nullable;

/**
 * Where the operands of kernels lie that are held to the reference.
 *
 * @param alone whether no other kernel runs at the same time
 */
record LawMemory(
    GuardedMemory input,
    GuardedMemory second,
    GuardedMemory third,
    GuardedMemory output,
    boolean alone) {
  /** Room for operands of so many bytes each; it is never freed. */
  static LawMemory of(long bytes) {
    return of(bytes, true);
  }

  /** Room for operands of kernels that run beside others. */
  static LawMemory amongOthers(long bytes) {
    return of(bytes, false);
  }

  private static LawMemory of(long bytes, boolean alone) {
    return new LawMemory(
        new GuardedMemory(bytes),
        new GuardedMemory(bytes),
        new GuardedMemory(bytes),
        new GuardedMemory(bytes),
        alone);
  }

  /** Guards what kernels take for the length of a call, where nothing else runs. */
  @Nullable ScratchGuard guardScratch() {
    return alone ? new ScratchGuard() : null;
  }
}
