package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.panel.BlockPanels;

/**
 * Generates {@code code(target, fields, unused, constants, blocks, unused, table)}: some blocks of
 * a panel of {@link BlockPanels} as floats, one row of them for each step of depth.
 *
 * @param layout the panel, of as many columns as a register has floats
 * @param stepBytes bytes from one row of floats to the next
 */
record BlockUnpackCode(VectorSet set, BlockPanels.Layout layout, long stepBytes) {
  private static final Gpr TARGET = Gpr.RDI;
  private static final Gpr FIELDS = Gpr.RSI;
  private static final Gpr CONSTANTS = Gpr.RCX;
  private static final Gpr BLOCKS = Gpr.R8;
  private static final int TABLE_ARGUMENT = 8;

  byte[] generate() {
    ElementAssembler a = new ElementAssembler();
    BlockValues values = new BlockValues(a, set, layout);
    Vec scale = set.register(0);
    a.mov(Gpr.RAX, Mem.at(Gpr.RSP, TABLE_ARGUMENT));
    values.loadTable(Gpr.RAX);
    Label block = a.here();
    a.vmovups(scale, Mem.at(CONSTANTS));
    values.startBlock(CONSTANTS);
    a.mov(Gpr.RAX, layout.block() / BlockPanels.GROUP);
    Label group = a.here();
    values.startGroup(FIELDS);
    for (int step = 0; step < BlockPanels.GROUP; step++) {
      Vec value = values.value(FIELDS, step);
      a.vmulps(value, value, scale);
      a.vmovups(Mem.at(TARGET, step * stepBytes), value, Modifiers.NONE);
    }
    a.add(FIELDS, values.groupBytes());
    a.add(TARGET, BlockPanels.GROUP * stepBytes);
    a.dec(Gpr.RAX);
    a.jump(Condition.NOT_EQUAL, group);
    a.add(CONSTANTS, layout.blockConstantBytes());
    a.dec(BLOCKS);
    a.jump(Condition.NOT_EQUAL, block);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }
}
