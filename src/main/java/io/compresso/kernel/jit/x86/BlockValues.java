package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.panel.BlockPanels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Emits the dequantization of {@link BlockPanels} of as many columns as a register has floats, all
 * but the scale: fields less their zero point, as floats.
 *
 * <p>AVX-512 takes fields of 4 bits from a table of their 16 values; AVX2, whose permutations have
 * 8 elements, converts them.
 */
final class BlockValues {
  /** Bytes of the constants that all blocks have in common. */
  static final int TABLE_BYTES = 128;

  /** The first of the registers that dequantization takes on AVX2. */
  static final int FIRST_REGISTER_AVX2 = 10;

  /** The first of the registers that dequantization takes on AVX-512. */
  static final int FIRST_REGISTER_AVX512 = 27;

  private static final int NIBBLE_BITS = 4;
  private static final int NIBBLE = 15;

  private final ElementAssembler a;
  private final VectorSet set;
  private final BlockPanels.Layout layout;
  private final Vec table;
  private final Vec zero;
  private final Vec field;
  private final Vec[] values;

  BlockValues(ElementAssembler a, VectorSet set, BlockPanels.Layout layout) {
    this.a = a;
    this.set = set;
    this.layout = layout;
    int first = set == VectorSet.AVX512 ? FIRST_REGISTER_AVX512 : FIRST_REGISTER_AVX2;
    this.values = new Vec[] {set.register(first), set.register(first + 1)};
    this.field = set.register(first + 2);
    this.zero = set.register(first + 3);
    this.table = set.register(first + 4);
  }

  private boolean nibbles() {
    return layout.bits() == NIBBLE_BITS;
  }

  private boolean looksUp() {
    return nibbles() && set == VectorSet.AVX512;
  }

  /** Writes what {@link #loadTable} reads: {@link #TABLE_BYTES} bytes. */
  static void fillTable(MemorySegment target, VectorSet set, BlockPanels panels) {
    int lanes = set.lanes();
    boolean looksUp = panels.layout().bits() == NIBBLE_BITS && set == VectorSet.AVX512;
    for (int i = 0; i < lanes; i++) {
      float zeroPoint = panels.zeroPoint();
      target.setAtIndex(ValueLayout.JAVA_FLOAT, i, looksUp ? i - zeroPoint : zeroPoint);
      target.setAtIndex(ValueLayout.JAVA_INT, lanes + i, NIBBLE);
    }
  }

  /** Loads the constants that all blocks have in common. */
  void loadTable(Gpr address) {
    if (looksUp()) {
      a.vmovups(table, Mem.at(address));
    } else {
      a.vmovups(zero, Mem.at(address));
      if (nibbles()) {
        a.vmovups(table, Mem.at(address, set.length().bytes()));
      }
    }
  }

  /** Loads the zero points of a block whose constants begin there. */
  void startBlock(Gpr constants) {
    if (layout.zeroPoints()) {
      a.vmovups(zero, Mem.at(constants, layout.vectorBytes()));
    }
  }

  /** Loads the fields of {@value BlockPanels#GROUP} steps of depth, if they lie together. */
  void startGroup(Gpr fields) {
    if (nibbles()) {
      a.vmovups(field, Mem.at(fields));
    }
  }

  /** Bytes of the fields of {@value BlockPanels#GROUP} steps of depth. */
  int groupBytes() {
    return layout.columns() * layout.bits();
  }

  /** The register with the values of a step of depth of the group, until two steps later. */
  Vec value(Gpr fields, int step) {
    Vec value = values[step % values.length];
    if (!nibbles()) {
      a.vpmovzxbd(value, Mem.at(fields, (long) layout.columns() * step), Modifiers.NONE);
      a.vcvtdq2ps(value, value);
      a.vsubps(value, value, zero);
      return value;
    }
    Vec shifted = field;
    if (step > 0) {
      a.vpsrld(value, field, NIBBLE_BITS * step);
      shifted = value;
    }
    if (looksUp()) {
      // The permutation looks at the lowest four bits of an index only.
      a.vpermd(value, shifted, table);
      if (layout.zeroPoints()) {
        a.vsubps(value, value, zero);
      }
      return value;
    }
    if (step < BlockPanels.GROUP - 1) {
      a.vpand(value, shifted, table);
    }
    a.vcvtdq2ps(value, value);
    a.vsubps(value, value, zero);
    return value;
  }
}
