package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * An assembler for machines without AMX: each instruction on tiles becomes code of AVX-512 VNNI and
 * BF16 on a file of tiles in memory, one for each code that is made, so that the code must not be
 * run by two threads at a time. General registers are kept; {@code zmm27} to {@code zmm31} and
 * {@code k7} are overwritten.
 */
class EmulatedTiles extends Assembler {
  private static final int ROWS = 16;
  private static final int ROW_BYTES = 64;
  private static final int TILE_BYTES = ROWS * ROW_BYTES;
  private static final Vec ROW = Vec.zmm(31);
  private static final Vec PRODUCT = Vec.zmm(30);
  private static final Vec VALUE = Vec.zmm(29);
  private static final Vec RIGHT = Vec.zmm(28);
  private static final Vec CONSTANT = Vec.zmm(27);

  private final MemorySegment file = Arena.global().allocate(8L * TILE_BYTES, 64);
  private TileConfiguration configuration =
      new TileConfiguration(java.util.List.of(), java.util.List.of());

  /** What to do with the addresses of tiles and of memory in registers. */
  private interface Body {
    void emit(Gpr first, Gpr second);
  }

  private enum Signs {
    UNSIGNED_BY_SIGNED,
    SIGNED_BY_SIGNED,
    UNSIGNED_BY_UNSIGNED,
    SIGNED_BY_UNSIGNED
  }

  @Override
  void configureTiles(TileConfiguration newConfiguration, Gpr scratch) {
    configuration = newConfiguration;
  }

  @Override
  void ldtilecfg(Mem operand) {
    throw new UnsupportedOperationException("tiles are configured by configureTiles");
  }

  @Override
  void tilerelease() {}

  private int rows(Tile tile) {
    int rows = configuration.rows().get(tile.ordinal());
    if (rows == 0) {
      throw new IllegalStateException(tile + " is not configured");
    }
    return rows;
  }

  private Modifiers rowMask(Tile tile, boolean zeroing) {
    int bytes = configuration.rowBytes().get(tile.ordinal());
    mov(Gpr.RAX, (1L << (bytes / 4)) - 1);
    kmovd(Mask.K7, Gpr.RAX);
    return zeroing ? Modifiers.zeroing(Mask.K7) : Modifiers.merging(Mask.K7);
  }

  /** Keeps two registers on the stack while the body uses them, and {@code rax}. */
  private void withRegisters(Body body, Gpr... used) {
    Gpr[] free = new Gpr[2];
    int count = 0;
    for (Gpr candidate : new Gpr[] {Gpr.RCX, Gpr.RDX, Gpr.RSI, Gpr.RDI}) {
      if (count < 2 && !java.util.List.of(used).contains(candidate)) {
        free[count++] = candidate;
      }
    }
    push(Gpr.RAX);
    push(free[0]);
    push(free[1]);
    body.emit(free[0], free[1]);
    pop(free[1]);
    pop(free[0]);
    pop(Gpr.RAX);
  }

  private void tileAddress(Gpr target, Tile tile) {
    mov(target, file.address() + (long) tile.ordinal() * TILE_BYTES);
  }

  @Override
  void tilezero(Tile target) {
    withRegisters((tile, _) -> {
      tileAddress(tile, target);
      vpxor(ROW, ROW, ROW);
      for (int i = 0; i < rows(target); i++) {
        vmovups(Mem.at(tile, (long) i * ROW_BYTES), ROW);
      }
    });
  }

  @Override
  void tileloadd(Tile target, Mem source) {
    withRegisters(
        (tile, memory) -> {
          memoryAddress(memory, source);
          tileAddress(tile, target);
          Modifiers mask = rowMask(target, true);
          for (int i = 0; i < rows(target); i++) {
            vmovups(ROW, Mem.at(memory), mask);
            vmovups(Mem.at(tile, (long) i * ROW_BYTES), ROW);
            add(memory, stride(source));
          }
        },
        source.base(),
        stride(source));
  }

  @Override
  void tilestored(Mem target, Tile source) {
    withRegisters(
        (tile, memory) -> {
          memoryAddress(memory, target);
          tileAddress(tile, source);
          Modifiers mask = rowMask(source, false);
          for (int i = 0; i < rows(source); i++) {
            vmovups(ROW, Mem.at(tile, (long) i * ROW_BYTES));
            vmovups(Mem.at(memory), ROW, mask);
            add(memory, stride(target));
          }
        },
        target.base(),
        stride(target));
  }

  private static Gpr stride(Mem operand) {
    Gpr index = operand.index();
    if (index == null || operand.scale() != 1) {
      throw new IllegalArgumentException("tiles are addressed with a stride: " + operand);
    }
    return index;
  }

  /** The first row's address; {@code rax} may be the base, the stack has grown by three words. */
  private void memoryAddress(Gpr target, Mem operand) {
    int pushed = operand.base() == Gpr.RSP ? 24 : 0;
    lea(target, Mem.at(operand.base(), operand.displacement() + pushed));
    if (stride(operand) == Gpr.RAX) {
      throw new IllegalArgumentException("the stride must not be in rax");
    }
  }

  @Override
  void tdpbusd(Tile target, Tile left, Tile right) {
    bytes(Signs.UNSIGNED_BY_SIGNED, target, left, right);
  }

  @Override
  void tdpbssd(Tile target, Tile left, Tile right) {
    bytes(Signs.SIGNED_BY_SIGNED, target, left, right);
  }

  @Override
  void tdpbsud(Tile target, Tile left, Tile right) {
    bytes(Signs.SIGNED_BY_UNSIGNED, target, left, right);
  }

  @Override
  void tdpbuud(Tile target, Tile left, Tile right) {
    bytes(Signs.UNSIGNED_BY_UNSIGNED, target, left, right);
  }

  private void bytes(Signs signs, Tile target, Tile left, Tile right) {
    products(target, left, right, () -> multiply(signs));
  }

  @Override
  void tdpbf16ps(Tile target, Tile left, Tile right) {
    products(target, left, right, () -> vdpbf16ps(ROW, VALUE, RIGHT));
  }

  private void products(Tile target, Tile left, Tile right, Runnable multiply) {
    int units = configuration.rowBytes().get(left.ordinal()) / 4;
    if (rows(target) != rows(left) || rows(right) != units) {
      throw new IllegalStateException("tiles of other shapes");
    }
    withRegisters((tile, factor) -> {
      tileAddress(tile, target);
      tileAddress(factor, left);
      long toRight = (long) (right.ordinal() - left.ordinal()) * TILE_BYTES;
      for (int i = 0; i < rows(target); i++) {
        vmovups(ROW, Mem.at(tile, (long) i * ROW_BYTES));
        for (int p = 0; p < units; p++) {
          vpbroadcastd(VALUE, Mem.at(factor, (long) i * ROW_BYTES + 4L * p));
          vmovups(RIGHT, Mem.at(factor, toRight + (long) p * ROW_BYTES));
          multiply.run();
        }
        vmovups(Mem.at(tile, (long) i * ROW_BYTES), ROW);
      }
    });
  }

  private void multiply(Signs signs) {
    switch (signs) {
      case UNSIGNED_BY_SIGNED -> vpdpbusd(ROW, VALUE, RIGHT);
      case SIGNED_BY_UNSIGNED -> vpdpbusd(ROW, RIGHT, VALUE);
      case SIGNED_BY_SIGNED -> {
        // x * y = (x + 128) * y - 128 * y
        repeat(0x80);
        vpxor(VALUE, VALUE, CONSTANT);
        vpdpbusd(ROW, VALUE, RIGHT);
        vpxor(PRODUCT, PRODUCT, PRODUCT);
        vpdpbusd(PRODUCT, CONSTANT, RIGHT);
        vpsubd(ROW, ROW, PRODUCT);
      }
      case UNSIGNED_BY_UNSIGNED -> {
        // x * y = x * (y - 128) + 2 * 64 * x
        repeat(0x80);
        vpxor(RIGHT, RIGHT, CONSTANT);
        vpdpbusd(ROW, VALUE, RIGHT);
        repeat(0x40);
        vpdpbusd(ROW, VALUE, CONSTANT);
        vpdpbusd(ROW, VALUE, CONSTANT);
      }
    }
  }

  private void repeat(int value) {
    mov(Gpr.RAX, Integer.toUnsignedLong(0x01010101 * value));
    vmovd(CONSTANT.as(Vec.Length.XMM), Gpr.RAX);
    vbroadcastss(CONSTANT, CONSTANT.as(Vec.Length.XMM));
  }
}
