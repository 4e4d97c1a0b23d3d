package io.compresso.kernel.jit.x86;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The tile registers of each thread, in memory: a block for each, which it takes at its first
 * instruction on tiles and keeps. Beyond the rows and the bytes of its shape a tile is 0.
 */
final class TileFile {
  static final int ROWS = 16;
  static final int ROW_BYTES = 64;
  static final int TILE_BYTES = ROWS * ROW_BYTES;

  /** The operand of the last LDTILECFG; 0 in the initial state. */
  static final int CONFIGURATION = 8 * TILE_BYTES;

  static final int ROW_BYTES_FIELD = CONFIGURATION + 16;
  static final int ROWS_FIELD = CONFIGURATION + 48;

  /** What the instructions of the host that stand for one on tiles overwrite. */
  static final int SAVED = CONFIGURATION + 64;

  /** The thread's pointer, or 0. */
  static final int OWNER = SAVED + 7 * 64;

  static final int BLOCK_BYTES = OWNER + 64;

  private static final int THREADS = 256;

  private static final MemorySegment BLOCKS =
      Arena.global().allocate((THREADS + 1L) * BLOCK_BYTES, 64);
  private static final MemorySegment FAULT = Arena.global().allocate(8, 8);
  private static final MemorySegment MASKS = Arena.global().allocate(8 * (ROW_BYTES + 1L), 8);

  static {
    BLOCKS.set(ValueLayout.JAVA_LONG, (long) THREADS * BLOCK_BYTES + OWNER, -1);
    for (int bytes = 0; bytes <= ROW_BYTES; bytes++) {
      MASKS.setAtIndex(ValueLayout.JAVA_LONG, bytes, bytes == 64 ? -1 : (1L << bytes) - 1);
    }
  }

  /** What the hardware refuses (Intel's manual, exception classes AMX-E1 to AMX-E6). */
  enum Fault {
    PALETTE("the palette is neither 0 nor 1"),
    START_ROW("the start row is not 0"),
    RESERVED("a reserved byte is not 0"),
    ROWS("a tile has more than 16 rows"),
    ROW_BYTES("a tile has rows of more than 64 bytes"),
    HALF_CONFIGURED("a tile has rows and no bytes, or the other way round"),
    NO_CONFIGURATION("tiles are not configured"),
    TILE_NOT_CONFIGURED("a tile is not configured"),
    NOT_WHOLE_UNITS("a row is not whole units of 4 bytes"),
    RESULT_ROWS("the target has other rows than the left tile"),
    RESULT_COLUMNS("the target has other columns than the right tile"),
    DEPTH("the left tile has other columns than the right one has rows"),
    NOT_RELEASED("tiles are configured when the code returns");

    private final String text;

    Fault(String text) {
      this.text = text;
    }
  }

  private TileFile() {}

  /** The blocks; the one after the last has the owner -1. */
  static long blocks() {
    return BLOCKS.address();
  }

  /** Where the first fault is noted that was not yet taken. */
  static long fault() {
    return FAULT.address();
  }

  /** Masks of the first bytes of a row: 0 to 64 of them. */
  static long masks() {
    return MASKS.address();
  }

  /** The note of a fault of the instruction of the given number. */
  static long note(Fault fault, int instruction) {
    return 1 + fault.ordinal() + ((long) instruction << 8);
  }

  /** The first fault since the last call, or an empty text. */
  static String takeFault() {
    long note = FAULT.get(ValueLayout.JAVA_LONG, 0);
    FAULT.set(ValueLayout.JAVA_LONG, 0, 0);
    return note == 0
        ? ""
        : TileRoutines.name((int) (note >> 8))
            + ": "
            + Fault.values()[(int) (note & 0xFF) - 1].text;
  }
}
