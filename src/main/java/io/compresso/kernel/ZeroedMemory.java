package io.compresso.kernel;

import io.compresso.kernel.jit.AnonymousPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Large pieces of off-heap memory that are zero, which arenas fill with zeros byte by byte: pages
 * of the system are zero when they are first touched.
 */
public final class ZeroedMemory {
  /** From so many bytes on pages are taken from the system. */
  private static final long LEAST_MAPPED = 1 << 22;

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
    MemorySegment pages =
        bytes >= LEAST_MAPPED && alignment <= PAGE ? AnonymousPages.allocate(arena, bytes) : null;
    return pages == null ? arena.allocate(bytes, alignment) : pages;
  }
}
