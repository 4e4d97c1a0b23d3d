package io.compresso.kernel.jit;

import io.compresso.kernel.jit.arm.ClearCacheCode;
import java.lang.foreign.MemorySegment;
import java.util.Locale;

/**
 * Makes code that was just written visible to the fetching of instructions. On x86 the hardware
 * does it. On AArch64 under Linux:
 *
 * <ol>
 *   <li>{@link ClearCacheCode} cleans the data cache and invalidates the instruction caches of all
 *       cores, as the C library's {@code __clear_cache} does.
 *   <li>{@code membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE)} makes each core that runs a
 *       thread of this process drop what it has fetched already, which a thread cannot do for
 *       others. Where the call is not allowed, other threads are left with what the architecture
 *       gives anyway: a context switch or any entry to the system in between.
 * </ol>
 *
 * <p>The first code of all, {@link ClearCacheCode} itself, relies on Linux: when a page that was
 * written becomes executable for the first time since it was allocated, here by {@code mprotect},
 * the kernel synchronizes both caches for it ({@code __sync_icache_dcache} in {@code
 * arch/arm64/mm/flush.c}), on which the loading of programs depends as well.
 */
final class InstructionCache {
  private static final boolean NEEDED =
      System.getProperty("os.arch", "").toLowerCase(Locale.ROOT).equals("aarch64");

  private InstructionCache() {}

  /** Synchronizes {@code code}, which must be executable and stay unchanged from now on. */
  static void synchronize(MemorySegment code) {
    if (NEEDED) {
      Clearing.clear(code);
    }
  }

  private static final class Clearing {
    private static final long MEMBARRIER = 283;
    private static final long SYNC_CORE = 1 << 5;
    private static final long REGISTER_SYNC_CORE = 1 << 6;

    private static final boolean BARRIER =
        SystemCalls.call(MEMBARRIER, REGISTER_SYNC_CORE, 0, 0) == 0;
    private static final MemorySegment ROUTINE = routine();

    private static MemorySegment routine() {
      byte[] code = ClearCacheCode.generate();
      MemorySegment pages = SystemCalls.map(ExecutableMemory.wholePages(code.length));
      pages.copyFrom(MemorySegment.ofArray(code));
      if (!SystemCalls.protect(pages, SystemCalls.READ_EXECUTE)) {
        SystemCalls.unmap(pages);
        throw new IllegalStateException("the system does not allow pages to become executable");
      }
      barrier();
      return pages;
    }

    static void clear(MemorySegment code) {
      MemorySegment end = MemorySegment.ofAddress(code.address() + code.byteSize());
      MemorySegment none = MemorySegment.NULL;
      NativeCall.block(ROUTINE, code, end, none, none, 0, 0, none);
      barrier();
    }

    private static void barrier() {
      if (BARRIER) {
        SystemCalls.call(MEMBARRIER, SYNC_CORE, 0, 0);
      }
    }
  }
}
