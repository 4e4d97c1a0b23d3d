package io.compresso.kernel.jit.x86;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The shapes of the tile registers, in palette 1 (Intel's manual, LDTILECFG).
 *
 * @param rows rows of each tile, at most 16; 0 for tiles that are not used
 * @param rowBytes bytes of the rows of each tile, at most 64
 */
record TileConfiguration(List<Integer> rows, List<Integer> rowBytes) {
  private static final int BYTES = 64;
  private static final int ROW_BYTES_FIELD = 16;
  private static final int ROWS_FIELD = 48;
  private static final Map<TileConfiguration, MemorySegment> FIELDS = new ConcurrentHashMap<>();

  TileConfiguration {
    rows = List.copyOf(rows);
    rowBytes = List.copyOf(rowBytes);
  }

  /** Where the operand of LDTILECFG lies, for the life of the process. */
  long address() {
    return FIELDS.computeIfAbsent(this, TileConfiguration::write).address();
  }

  private static MemorySegment write(TileConfiguration configuration) {
    MemorySegment fields = Arena.global().allocate(BYTES, BYTES);
    fields.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
    for (int tile = 0; tile < configuration.rows.size(); tile++) {
      int rows = configuration.rows.get(tile);
      int rowBytes = rows == 0 ? 0 : configuration.rowBytes.get(tile);
      fields.set(ValueLayout.JAVA_SHORT, ROW_BYTES_FIELD + 2L * tile, (short) rowBytes);
      fields.set(ValueLayout.JAVA_BYTE, ROWS_FIELD + tile, (byte) rows);
    }
    return fields;
  }
}
