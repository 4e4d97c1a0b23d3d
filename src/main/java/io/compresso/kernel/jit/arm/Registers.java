package io.compresso.kernel.jit.arm;

/**
 * The vector registers in the order in which they are handed out: those that a function may change
 * come first, the eight whose lower halves it must preserve last.
 */
final class Registers {
  static final int COUNT = 32;

  private static final int FIRST_PRESERVED = 8;
  private static final int PRESERVED = 8;

  private Registers() {}

  /** The number of the register with the given place in the order. */
  static int number(int place) {
    if (place < FIRST_PRESERVED) {
      return place;
    }
    return place < COUNT - PRESERVED ? place + PRESERVED : place - (COUNT - PRESERVED) + PRESERVED;
  }

  /** Saves what the first {@code used} registers would change. */
  static void save(Assembler a, int used) {
    for (int pair = 0; pair < pairs(used); pair++) {
      a.push(Vec.d(FIRST_PRESERVED + 2 * pair), Vec.d(FIRST_PRESERVED + 2 * pair + 1), 16);
    }
  }

  /** Undoes {@link #save}. */
  static void restore(Assembler a, int used) {
    for (int pair = pairs(used) - 1; pair >= 0; pair--) {
      a.pop(Vec.d(FIRST_PRESERVED + 2 * pair), Vec.d(FIRST_PRESERVED + 2 * pair + 1), 16);
    }
  }

  private static int pairs(int used) {
    return Math.ceilDiv(Math.max(0, used - (COUNT - PRESERVED)), 2);
  }
}
