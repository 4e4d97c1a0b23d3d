package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;

/**
 * How large the tiles of AMX may be, by CPUID leaves 1DH (palette 1) and 1EH (Intel's manual,
 * volume 2).
 *
 * @param tiles how many there are
 * @param rows the most rows of a tile
 * @param rowBytes the most bytes of a row
 * @param depth the most rows of a right operand
 * @param columnBytes the most bytes of a row of a right operand
 */
record TileLimits(int tiles, int rows, int rowBytes, int depth, int columnBytes) {
  private static final int PALETTES = 0x1D;
  private static final int MULTIPLIER = 0x1E;

  /** What the kernels use. */
  private static final TileLimits NEEDED =
      new TileLimits(
          Tile.values().length,
          AmxCode.TILE_ROWS,
          4 * AmxCode.TILE_UNITS,
          AmxCode.TILE_UNITS,
          4 * AmxCode.TILE_UNITS);

  /** Those of this CPU, which must have tiles. */
  static TileLimits host() {
    return of(Cpuid.of(PALETTES, 1), Cpuid.of(MULTIPLIER, 0));
  }

  static TileLimits of(Cpuid palette, Cpuid multiplier) {
    return new TileLimits(
        palette.ebx() >>> 16,
        palette.ecx() & 0xFFFF,
        palette.ebx() & 0xFFFF,
        multiplier.ebx() & 0xFF,
        multiplier.ebx() >>> 8 & 0xFFFF);
  }

  /** Whether the kernels' tiles are within. */
  Acceptance suffice() {
    boolean suffices =
        tiles >= NEEDED.tiles
            && rows >= NEEDED.rows
            && rowBytes >= NEEDED.rowBytes
            && depth >= NEEDED.depth
            && columnBytes >= NEEDED.columnBytes;
    return Acceptance.when(suffices, "the CPU states smaller tiles: " + this);
  }
}
