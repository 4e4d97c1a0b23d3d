package io.compresso.kernel.jit.arm;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.arm.GeneralAssembler.Condition;
import io.compresso.kernel.panel.BlockPanels;

/**
 * Generates {@code code(target, fields, unused, constants, blocks, unused, zeroPoints)}: some
 * blocks of a panel of {@link BlockPanels} as floats, one row of them for each step of depth.
 *
 * @param layout the panel, of four columns
 * @param stepBytes bytes from one row of floats to the next, at most 32
 */
record BlockUnpackCode(BlockPanels.Layout layout, int stepBytes) {
  /** Columns of a panel. */
  static final int COLUMNS = 4;

  private static final Reg TARGET = Reg.X0;
  private static final Reg FIELDS = Reg.X1;
  private static final Reg CONSTANTS = Reg.X3;
  private static final Reg BLOCKS = Reg.X4;
  private static final Reg ZERO_POINTS = Reg.X6;
  private static final Reg GROUPS = Reg.X9;
  private static final Reg SCRATCH = Reg.X10;

  private static final Vec ZERO = Vec.s4(0);
  private static final Vec NIBBLES = Vec.s4(1);
  private static final Vec SCALE = Vec.s4(2);
  private static final Vec FIELD = Vec.s4(3);
  private static final int FIRST_VALUE = 4;
  private static final int VALUES = 4;

  private static final int NIBBLE_BITS = 4;
  private static final int NIBBLE = 15;

  byte[] generate() {
    Assembler a = new Assembler();
    a.mov(SCRATCH, NIBBLE);
    a.dup(NIBBLES, SCRATCH);
    a.ldr(ZERO.as(Vec.Shape.Q), Mem.at(ZERO_POINTS));
    Label block = a.here();
    a.ldr(SCALE.as(Vec.Shape.Q), Mem.at(CONSTANTS));
    if (layout.zeroPoints()) {
      a.ldr(ZERO.as(Vec.Shape.Q), Mem.at(CONSTANTS, layout.vectorBytes()));
    }
    a.mov(GROUPS, layout.block() / BlockPanels.GROUP);
    Label group = a.here();
    group(a);
    a.add(FIELDS, FIELDS, (long) COLUMNS * layout.bits(), SCRATCH);
    a.add(TARGET, TARGET, (long) BlockPanels.GROUP * stepBytes, SCRATCH);
    a.subs(GROUPS, GROUPS, 1);
    a.b(Condition.NE, group);
    a.add(CONSTANTS, CONSTANTS, layout.blockConstantBytes(), SCRATCH);
    a.subs(BLOCKS, BLOCKS, 1);
    a.b(Condition.NE, block);
    a.ret();
    return a.toBytes();
  }

  private void group(Assembler a) {
    boolean nibbles = layout.bits() == NIBBLE_BITS;
    if (nibbles) {
      a.ldr(FIELD.as(Vec.Shape.Q), Mem.at(FIELDS));
    }
    for (int step = 0; step < BlockPanels.GROUP; step++) {
      Vec value = Vec.s4(FIRST_VALUE + step % VALUES);
      if (nibbles) {
        if (step > 0) {
          a.ushr(value, FIELD, NIBBLE_BITS * step);
        }
        a.and(value, step == 0 ? FIELD : value, NIBBLES);
      } else {
        a.ldr(value.as(Vec.Shape.S), Mem.at(FIELDS, COLUMNS * step));
        a.uxtl(value.as(Vec.Shape.H8), value.as(Vec.Shape.B8));
        a.uxtl(value, value.as(Vec.Shape.H4));
      }
      a.scvtf(value, value);
      a.fsub(value, value, ZERO);
      a.fmul(value, value, SCALE);
      a.str(value.as(Vec.Shape.Q), Mem.at(TARGET, step * stepBytes));
    }
  }
}
