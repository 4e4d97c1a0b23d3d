package io.compresso.kernel;

import io.compresso.kernel.jit.AnonymousPages;
import io.compresso.kernel.jit.SharedPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Large pieces of off-heap memory that are zero, which arenas fill with zeros byte by byte: pages
 * of the system are zero when they are first touched.
 */
public final class ZeroedMemory {
  /** From so many bytes on pages are taken from the system. */
  private static final long LEAST_MAPPED = 1 << 21;

  /** From so many bytes on pages are shared. */
  private static final long LEAST_SHARED = 1 << 12;

  /** What pages are aligned to at least. */
  private static final long PAGE = 4096;

  private ZeroedMemory() {}

  /**
   * As {@link Arena#allocate(long, long)}.
   *
   * @param arena one that is closed: memory of a large piece does not make the garbage collector
   *     run
   */
  public static MemorySegment allocate(Arena arena, long bytes, long alignment) {
    MemorySegment pages = null;
    if (bytes >= LEAST_SHARED && alignment <= PAGE) {
      pages =
          bytes >= LEAST_MAPPED
              ? AnonymousPages.allocate(arena, bytes)
              : SharedPages.allocate(arena, bytes, alignment);
    }
    return pages == null ? arena.allocate(bytes, alignment) : pages;
  }
}
