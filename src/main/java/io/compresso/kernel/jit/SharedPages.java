package io.compresso.kernel.jit;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Pieces of {@link AnonymousPages} that are too small for large pages of their own: those that are
 * taken one after the other share them. The pages go back to the system with the last of their
 * pieces; no piece is given twice, so that all are zero.
 */
public final class SharedPages {
  /** What pieces are taken of. */
  private static final long BLOCK = 1 << 23;

  private static final Object LOCK = new Object();
  private static @Nullable Block current;

  private SharedPages() {}

  /** Pages that pieces are taken of, from the first on. */
  private static final class Block {
    private final MemorySegment pages;
    private long used;
    private int pieces;

    Block(MemorySegment pages) {
      this.pages = pages;
    }
  }

  /**
   * Memory that is given back when the arena is closed.
   *
   * @param bytes less than 2 MB
   * @return null where there is none to have, or calls of the system are not allowed
   */
  public static @Nullable MemorySegment allocate(Arena arena, long bytes, long alignment) {
    Block block;
    long at;
    synchronized (LOCK) {
      block = current;
      at = block == null ? 0 : Math.ceilDiv(block.used, alignment) * alignment;
      if (block == null || at + bytes > BLOCK) {
        MemorySegment pages = AnonymousPages.map(BLOCK);
        if (pages == null) {
          return null;
        }
        release(block);
        block = new Block(pages);
        block.pieces = 1;
        current = block;
        at = 0;
      }
      block.used = at + bytes;
      block.pieces++;
    }
    Block source = block;
    return MemorySegment.ofAddress(source.pages.address() + at)
        .reinterpret(bytes, arena, _ -> release(source));
  }

  /** Ends the use of a piece, or that of the block for new pieces. */
  private static void release(@Nullable Block block) {
    synchronized (LOCK) {
      if (block != null && --block.pieces == 0) {
        SystemCalls.unmap(block.pages);
      }
    }
  }
}
