package io.compresso.kernel.jit.x86;

import io.compresso.kernel.BlockGemmProblem;
import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;

/**
 * AVX-512 code of {@code code(a, panels, c, constants, count, mask, table)}: the results of all
 * rows for some panels of 16 columns.
 *
 * <p>A panel holds, for each 8 steps of depth, 64 bytes of fields of 4 bits (one 32-bit element a
 * column) or 128 of 8 bits (16 bytes a step). The constants of a panel are, for each block, 16
 * scales and, if the zero points differ, 16 zero points, then the bias. The table is the value of
 * each field of 4 bits, or 16 times the zero point of 8 bits. Rows of {@code a} are whole blocks.
 */
final class BlockGemmCode {
  static final int COLUMNS = 16;
  static final int MOST_ROWS = 8;
  static final int VECTOR_BYTES = 64;

  /** Steps of depth whose fields lie together. */
  static final int GROUP = 8;

  private static final int NIBBLE_BITS = 4;

  private static final Gpr A = Gpr.RDI;
  private static final Gpr FIELDS = Gpr.RSI;
  private static final Gpr C = Gpr.RDX;
  private static final Gpr CONSTANTS = Gpr.RCX;
  private static final Gpr COUNT = Gpr.R8;
  private static final Gpr LAST_MASK = Gpr.R9;
  private static final Gpr STEPS = Gpr.R10;
  private static final Gpr BLOCKS = Gpr.R11;
  private static final int TABLE_ARGUMENT = 8;

  private static final Vec TABLE = Vec.zmm(31);
  private static final Vec ZERO = Vec.zmm(30);
  private static final Vec FIELD = Vec.zmm(29);
  private static final Vec[] VALUES = {Vec.zmm(28), Vec.zmm(27)};

  private final Assembler a = new Assembler();
  private final Source source;
  private final BlockGemmProblem problem;
  private final int rows;
  private final int chains;

  /**
   * What the code depends on.
   *
   * @param zeroPoints whether the zero points differ from block to block
   */
  record Source(BlockGemmProblem problem, boolean zeroPoints) {
    byte[] generate() {
      return new BlockGemmCode(this).generate();
    }

    /** Bytes of the fields of a panel. */
    long panelBytes() {
      return COLUMNS * problem.rowBytes();
    }

    /** Bytes of the constants of a panel. */
    long constantBytes() {
      return (long) VECTOR_BYTES
          * (problem.blocks() * vectorsPerBlock() + (problem.bias() ? 1 : 0));
    }

    int vectorsPerBlock() {
      return zeroPoints ? 2 : 1;
    }

    /** Bytes of a row of {@code a}. */
    long inputStride() {
      return 4L * problem.blocks() * problem.block();
    }
  }

  private BlockGemmCode(Source source) {
    this.source = source;
    this.problem = source.problem();
    this.rows = problem.m();
    this.chains = rows <= 2 ? 4 : rows <= 4 ? 2 : 1;
  }

  private Vec sum(int row) {
    return Vec.zmm(row);
  }

  private Vec blockSum(int row, int chain) {
    return Vec.zmm(rows + row * chains + chain);
  }

  private byte[] generate() {
    a.mov(Gpr.RAX, Mem.at(Gpr.RSP, TABLE_ARGUMENT));
    a.vmovups(TABLE, Mem.at(Gpr.RAX));
    Label panel = a.here();
    for (int row = 0; row < rows; row++) {
      clear(sum(row));
    }
    a.mov(STEPS, A);
    a.mov(BLOCKS, problem.blocks());
    Label block = a.here();
    block();
    a.dec(BLOCKS);
    a.jump(Condition.NOT_EQUAL, block);
    if (problem.bias()) {
      for (int row = 0; row < rows; row++) {
        a.vaddps(sum(row), sum(row), Mem.at(CONSTANTS));
      }
      a.add(CONSTANTS, VECTOR_BYTES);
    }
    store();
    a.add(C, VECTOR_BYTES);
    a.dec(COUNT);
    a.jump(Condition.NOT_EQUAL, panel);
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  private void block() {
    for (int row = 0; row < rows; row++) {
      for (int chain = 0; chain < chains; chain++) {
        clear(blockSum(row, chain));
      }
    }
    if (source.zeroPoints()) {
      a.vmovups(ZERO, Mem.at(CONSTANTS, VECTOR_BYTES));
    }
    a.mov(Gpr.RAX, problem.block() / GROUP);
    Label group = a.here();
    if (problem.bits() == NIBBLE_BITS) {
      a.vmovups(FIELD, Mem.at(FIELDS));
    }
    for (int step = 0; step < GROUP; step++) {
      step(step, VALUES[step % VALUES.length]);
    }
    a.add(FIELDS, COLUMNS * problem.bits());
    a.add(STEPS, 4L * GROUP);
    a.dec(Gpr.RAX);
    a.jump(Condition.NOT_EQUAL, group);
    for (int row = 0; row < rows; row++) {
      for (int distance = chains / 2; distance > 0; distance /= 2) {
        for (int chain = 0; chain < distance; chain++) {
          Vec to = blockSum(row, chain);
          a.vaddps(to, to, blockSum(row, chain + distance));
        }
      }
      a.vfmadd231ps(sum(row), blockSum(row, 0), Mem.at(CONSTANTS), Modifiers.NONE);
    }
    a.add(CONSTANTS, (long) VECTOR_BYTES * source.vectorsPerBlock());
  }

  private void step(int step, Vec value) {
    if (problem.bits() == NIBBLE_BITS) {
      Vec field = FIELD;
      if (step > 0) {
        a.vpsrld(value, FIELD, NIBBLE_BITS * step);
        field = value;
      }
      // The permutation looks at the lowest four bits of an index only.
      a.vpermd(value, field, TABLE);
      if (source.zeroPoints()) {
        a.vsubps(value, value, ZERO);
      }
    } else {
      a.vpmovzxbd(value, Mem.at(FIELDS, (long) COLUMNS * step), Modifiers.NONE);
      a.vcvtdq2ps(value, value);
      a.vsubps(value, value, source.zeroPoints() ? ZERO : TABLE);
    }
    for (int row = 0; row < rows; row++) {
      Mem factor = Mem.at(STEPS, row * source.inputStride() + 4L * step);
      a.vfmadd231ps(blockSum(row, step % chains), value, factor, Modifiers.BROADCAST);
    }
  }

  private void store() {
    a.mov(Gpr.RAX, (1L << COLUMNS) - 1);
    Label whole = new Label();
    a.cmp(COUNT, 1);
    a.jump(Condition.NOT_EQUAL, whole);
    a.mov(Gpr.RAX, LAST_MASK);
    a.bind(whole);
    a.kmovd(Mask.K1, Gpr.RAX);
    for (int row = 0; row < rows; row++) {
      Mem target = Mem.at(C, 4L * row * problem.n());
      a.vmovups(target, sum(row), Modifiers.merging(Mask.K1));
    }
  }

  private void clear(Vec register) {
    a.vxorps(register, register, register);
  }
}
