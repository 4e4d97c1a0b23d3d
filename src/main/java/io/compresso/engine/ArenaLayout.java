package io.compresso.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Puts pieces of memory that are needed for a part of a run each into one arena, so that those
 * needed at the same time do not overlap: the largest first, each at the lowest place that is free
 * while it is needed.
 *
 * <p>Method: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020
 * (greedy by size).
 */
final class ArenaLayout {
  /** Byte alignment of every piece. */
  static final long ALIGNMENT = 64;

  /** A piece of memory that is needed from step {@code first} to step {@code last}. */
  static final class Piece {
    final int first;
    long bytes;
    int last;
    long offset;

    Piece(long bytes, int first, int last) {
      this.bytes = bytes;
      this.first = first;
      this.last = last;
    }

    private boolean meets(Piece other) {
      return first <= other.last && other.first <= last;
    }

    private long end() {
      return offset + align(bytes);
    }
  }

  private ArenaLayout() {}

  /**
   * Sets the offsets to those of other pieces, which have been placed, if each is like its own.
   *
   * @return whether they are
   */
  static boolean copy(List<Piece> placed, List<Piece> pieces) {
    if (placed.size() != pieces.size()) {
      return false;
    }
    for (int i = 0; i < pieces.size(); i++) {
      Piece piece = pieces.get(i);
      Piece other = placed.get(i);
      if (piece.bytes != other.bytes || piece.first != other.first || piece.last != other.last) {
        return false;
      }
    }
    for (int i = 0; i < pieces.size(); i++) {
      pieces.get(i).offset = placed.get(i).offset;
    }
    return true;
  }

  /** Sets the offsets; gives the size of the arena. */
  static long place(List<Piece> pieces) {
    List<Piece> order = new ArrayList<>(pieces);
    order.sort(
        Comparator.comparingLong((Piece piece) -> -piece.bytes)
            .thenComparingInt(piece -> piece.first));
    List<Piece> placed = new ArrayList<>();
    long size = 0;
    for (Piece piece : order) {
      piece.offset = free(piece, placed);
      int at = placed.size();
      while (at > 0 && placed.get(at - 1).offset > piece.offset) {
        at--;
      }
      placed.add(at, piece);
      size = Math.max(size, piece.end());
    }
    return size;
  }

  /** The lowest offset at which the piece meets none of those placed, which lie in order. */
  private static long free(Piece piece, List<Piece> placed) {
    long bytes = align(piece.bytes);
    long offset = 0;
    for (Piece other : placed) {
      if (!piece.meets(other)) {
        continue;
      }
      if (offset + bytes <= other.offset) {
        return offset;
      }
      offset = Math.max(offset, other.end());
    }
    return offset;
  }

  private static long align(long bytes) {
    return Math.addExact(Math.max(bytes, 1), ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
}
