package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.panel.BlockPanels;

/**
 * Code of {@code code(a, fields, c, constants, panels, mask, table)}: the results of all rows for
 * some panels of {@link BlockPanels} with as many columns as a register has floats.
 *
 * <p>{@code mask} is that of the last panel, {@code table} what {@link BlockValues} needs. Rows of
 * {@code a} are whole blocks.
 */
final class BlockGemmCode {
  private static final Gpr A = Gpr.RDI;
  private static final Gpr FIELDS = Gpr.RSI;
  private static final Gpr C = Gpr.RDX;
  private static final Gpr CONSTANTS = Gpr.RCX;
  private static final Gpr COUNT = Gpr.R8;
  private static final Gpr LAST_MASK = Gpr.R9;
  private static final Gpr STEPS = Gpr.R10;
  private static final Gpr BLOCKS = Gpr.R11;
  private static final int TABLE_ARGUMENT = 8;
  private static final int MOST_CHAINS = 4;

  private final ElementAssembler a = new ElementAssembler();
  private final Source source;
  private final VectorSet set;
  private final BlockPanels.Layout layout;
  private final BlockValues values;
  private final int rows;
  private final int chains;

  /**
   * What the code depends on.
   *
   * @param rows rows of the product
   * @param columns columns of a row of the result
   */
  record Source(VectorSet set, BlockPanels.Layout layout, int rows, int columns) {
    byte[] generate() {
      return new BlockGemmCode(this).generate();
    }

    /** Bytes of a row of {@code a}. */
    long inputStride() {
      return 4L * layout.blocks() * layout.block();
    }
  }

  private BlockGemmCode(Source source) {
    this.source = source;
    this.set = source.set();
    this.layout = source.layout();
    this.values = new BlockValues(a, set, layout);
    this.rows = source.rows();
    int free = freeRegisters(set) / rows - 1;
    this.chains = Math.min(MOST_CHAINS, Integer.highestOneBit(free));
  }

  /** Rows for which there are registers: two for each, and chains of sums for few. */
  static int mostRows(VectorSet set) {
    return set == VectorSet.AVX512 ? 8 : freeRegisters(set) / 2;
  }

  /** Registers for sums; one more holds an element of a row where instructions do not take it. */
  private static int freeRegisters(VectorSet set) {
    return set == VectorSet.AVX512
        ? BlockValues.FIRST_REGISTER_AVX512
        : BlockValues.FIRST_REGISTER_AVX2 - 1;
  }

  private Vec sum(int row) {
    return set.register(row);
  }

  private Vec blockSum(int row, int chain) {
    return set.register(rows + row * chains + chain);
  }

  private byte[] generate() {
    a.mov(Gpr.RAX, Mem.at(Gpr.RSP, TABLE_ARGUMENT));
    values.loadTable(Gpr.RAX);
    Label panel = a.here();
    for (int row = 0; row < rows; row++) {
      clear(sum(row));
    }
    a.mov(STEPS, A);
    a.mov(BLOCKS, layout.blocks());
    Label block = a.here();
    block();
    a.dec(BLOCKS);
    a.jump(Condition.NOT_EQUAL, block);
    if (layout.bias()) {
      for (int row = 0; row < rows; row++) {
        a.vaddps(sum(row), sum(row), Mem.at(CONSTANTS));
      }
      a.add(CONSTANTS, layout.vectorBytes());
    }
    store();
    a.add(C, layout.vectorBytes());
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
    values.startBlock(CONSTANTS);
    a.mov(Gpr.RAX, layout.block() / BlockPanels.GROUP);
    Label group = a.here();
    values.startGroup(FIELDS);
    for (int step = 0; step < BlockPanels.GROUP; step++) {
      step(step);
    }
    a.add(FIELDS, values.groupBytes());
    a.add(STEPS, 4L * BlockPanels.GROUP);
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
    a.add(CONSTANTS, layout.blockConstantBytes());
  }

  private void step(int step) {
    Vec value = values.value(FIELDS, step);
    for (int row = 0; row < rows; row++) {
      Vec sum = blockSum(row, step % chains);
      Mem factor = Mem.at(STEPS, row * source.inputStride() + 4L * step);
      if (set == VectorSet.AVX512) {
        a.vfmadd231ps(sum, value, factor, Modifiers.BROADCAST);
      } else {
        Vec element = set.register(freeRegisters(set));
        a.vbroadcastss(element, factor);
        a.vfmadd231ps(sum, value, element);
      }
    }
  }

  private void store() {
    a.mov(Gpr.RAX, set.mask(set.lanes()).address());
    Label whole = new Label();
    a.cmp(COUNT, 1);
    a.jump(Condition.NOT_EQUAL, whole);
    a.mov(Gpr.RAX, LAST_MASK);
    a.bind(whole);
    set.loadMask(a, Gpr.RAX);
    for (int row = 0; row < rows; row++) {
      set.store(a, Mem.at(C, 4L * row * source.columns()), sum(row), true);
    }
  }

  private void clear(Vec register) {
    a.vxorps(register, register, register);
  }
}
