package io.compresso.kernel.jit;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Pages of zeros that the system gives as they are used, large ones where it has them. */
public final class AnonymousPages {
  /** The size of large pages, to which mappings are aligned. */
  private static final long LARGE = 1 << 21;

  private AnonymousPages() {}

  /**
   * Memory that is unmapped when the arena is closed.
   *
   * @return null where there is none to have, or calls of the system are not allowed
   */
  public static @Nullable MemorySegment allocate(Arena arena, long bytes) {
    MemorySegment pages = map(bytes);
    return pages == null
        ? null
        : MemorySegment.ofAddress(pages.address())
            .reinterpret(bytes, arena, _ -> SystemCalls.unmap(pages));
  }

  /** Whole pages that somebody has to unmap; null where there are none to have. */
  static @Nullable MemorySegment map(long bytes) {
    if (!ExecutableMemory.allowed().accepted()) {
      return null;
    }
    long length = ExecutableMemory.wholePages(bytes);
    MemorySegment mapped;
    try {
      mapped = SystemCalls.map(length + LARGE);
    } catch (IllegalStateException _) {
      return null;
    }
    long before = -mapped.address() & LARGE - 1;
    if (before > 0) {
      SystemCalls.unmap(mapped.asSlice(0, before));
    }
    if (before < LARGE) {
      SystemCalls.unmap(mapped.asSlice(before + length));
    }
    MemorySegment pages = mapped.asSlice(before, length);
    SystemCalls.preferLargePages(pages);
    return pages;
  }
}
