package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.jit.x86.TileFile.Fault;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Code that does what one instruction on tiles does (Intel's manual, volume 2), on the block of its
 * thread in the {@link TileFile}: {@code rax} is the address of a memory operand, {@code rcx} its
 * stride; both, {@code rdx} and the flags are overwritten. Memory is read and written as the
 * hardware does it: the bytes of the configured rows, and no others.
 */
final class TileRoutines {
  private static final Gpr BLOCK = Gpr.RDI;
  private static final Gpr ADDRESS = Gpr.R8;
  private static final Gpr STRIDE = Gpr.RCX;
  private static final Gpr ROWS = Gpr.RSI;
  private static final Gpr TILE_ROW = Gpr.RDX;
  private static final Gpr FACTOR = Gpr.RBX;
  private static final Gpr RIGHT_ROW = Gpr.R9;
  private static final Gpr UNITS = Gpr.RCX;
  private static final Gpr[] KEPT = {Gpr.RBX, Gpr.RSI, Gpr.RDI, Gpr.R8, Gpr.R9};

  private static final Mask BYTES = Mask.K7;
  private static final int FIRST_VECTOR = 26;
  private static final Vec ROW = Vec.zmm(31);
  private static final Vec EVEN = ROW;
  private static final Vec SECOND = Vec.zmm(30);
  private static final Vec LEFT = Vec.zmm(29);
  private static final Vec RIGHT = Vec.zmm(28);
  private static final Vec FIRST_CONSTANT = Vec.zmm(27);
  private static final Vec SECOND_CONSTANT = Vec.zmm(26);

  /** Subnormal operands count as 0, subnormal results become 0, nothing is raised. */
  private static final int FLUSHING = 0x9FC0;

  private static final Map<String, TileRoutines> ROUTINES = new LinkedHashMap<>();
  private static final List<String> NAMES = new ArrayList<>();

  private final int number;
  private final HostAssembler a = new HostAssembler();
  private final Map<Fault, Label> faults = new LinkedHashMap<>();
  private final long address;

  /** The products. */
  enum Product {
    TDPBUSD,
    TDPBSSD,
    TDPBSUD,
    TDPBUUD,
    TDPBF16PS
  }

  private TileRoutines(int number, Consumer<TileRoutines> body) {
    this.number = number;
    for (Gpr register : KEPT) {
      a.push(register);
    }
    a.mov(ADDRESS, Gpr.RAX);
    findBlock();
    body.accept(this);
    Label end = a.here();
    for (int i = KEPT.length - 1; i >= 0; i--) {
      a.pop(KEPT[i]);
    }
    a.ret();
    faults.forEach((fault, label) -> note(fault, label, end));
    this.address = ExecutableMemory.of(a.toBytes()).entry().address();
  }

  long address() {
    return address;
  }

  /** The instruction of a number. */
  static synchronized String name(int number) {
    return NAMES.get(number);
  }

  private static synchronized TileRoutines of(String name, Consumer<TileRoutines> body) {
    return ROUTINES.computeIfAbsent(
        name,
        _ -> {
          NAMES.add(name);
          return new TileRoutines(NAMES.size() - 1, body);
        });
  }

  static TileRoutines ofConfiguration() {
    return of("ldtilecfg", TileRoutines::configure);
  }

  static TileRoutines ofRelease() {
    return of("tilerelease", TileRoutines::release);
  }

  /** What is held when code returns. */
  static TileRoutines ofReturn() {
    return of(
        "ret",
        routine -> {
          routine.a.movzxByte(Gpr.RAX, Mem.at(BLOCK, TileFile.CONFIGURATION));
          routine.a.mov(Gpr.RDX, 0);
          routine.a.mov(Mem.at(BLOCK, TileFile.CONFIGURATION), Gpr.RDX);
          routine.faultUnless(Condition.EQUAL, Fault.NOT_RELEASED, Gpr.RAX, 0);
        });
  }

  static TileRoutines ofZero(Tile tile) {
    return of(
        "tilezero " + tile,
        routine -> {
          routine.requireTile(tile, ROWS);
          routine.withVectors(() -> routine.zero(tile.ordinal() * TileFile.TILE_BYTES, 1));
        });
  }

  static TileRoutines ofLoad(Tile tile) {
    return of("tileloadd " + tile, routine -> routine.load(tile));
  }

  static TileRoutines ofStore(Tile tile) {
    return of("tilestored " + tile, routine -> routine.store(tile));
  }

  static TileRoutines of(Product product, Tile target, Tile left, Tile right) {
    if (target == left || target == right || left == right) {
      throw new IllegalArgumentException("the tiles of a product must be three");
    }
    return of(
        product + " " + target + ", " + left + ", " + right,
        routine -> routine.product(product, target, left, right));
  }

  // What all routines begin and end with

  /** Finds the block of this thread, or takes one. */
  private void findBlock() {
    Label found = new Label();
    Label next = new Label();
    a.movThreadPointer(Gpr.RDX);
    a.mov(BLOCK, TileFile.blocks());
    Label block = a.here();
    a.mov(Gpr.RAX, Mem.at(BLOCK, TileFile.OWNER));
    a.cmp(Gpr.RAX, Gpr.RDX);
    a.jump(Condition.EQUAL, found);
    a.test(Gpr.RAX, Gpr.RAX);
    a.jump(Condition.NOT_EQUAL, next);
    a.lockCmpxchg(Mem.at(BLOCK, TileFile.OWNER), Gpr.RDX);
    a.jump(Condition.EQUAL, found);
    a.bind(next);
    a.add(BLOCK, TileFile.BLOCK_BYTES);
    a.cmp(Gpr.RAX, -1);
    a.jump(Condition.NOT_EQUAL, block);
    a.ud2();
    a.bind(found);
  }

  private void note(Fault fault, Label label, Label end) {
    a.bind(label);
    a.mov(Gpr.RDX, TileFile.fault());
    a.mov(Gpr.RAX, Mem.at(Gpr.RDX));
    a.test(Gpr.RAX, Gpr.RAX);
    a.jump(Condition.NOT_EQUAL, end);
    a.mov(Gpr.RAX, TileFile.note(fault, number));
    a.mov(Mem.at(Gpr.RDX), Gpr.RAX);
    a.jmp(end);
  }

  private Label fault(Fault fault) {
    return faults.computeIfAbsent(fault, _ -> new Label());
  }

  private void faultUnless(Condition condition, Fault fault, Gpr left, int right) {
    Label held = new Label();
    a.cmp(left, right);
    a.jump(condition, held);
    a.jmp(fault(fault));
    a.bind(held);
  }

  private void faultUnlessEqual(Fault fault, Gpr left, Gpr right) {
    a.cmp(left, right);
    a.jump(Condition.NOT_EQUAL, fault(fault));
  }

  private void faultUnlessZero(Fault fault, Gpr value) {
    a.test(value, value);
    a.jump(Condition.NOT_EQUAL, fault(fault));
  }

  /** Keeps the vector registers and the mask. Nothing in between may jump to a fault. */
  private void withVectors(Runnable body) {
    int count = 32 - FIRST_VECTOR;
    for (int i = 0; i < count; i++) {
      a.vmovups(Mem.at(BLOCK, TileFile.SAVED + 64L * i), Vec.zmm(FIRST_VECTOR + i));
    }
    a.kmovq(Gpr.RAX, BYTES);
    a.mov(Mem.at(BLOCK, TileFile.SAVED + 64L * count), Gpr.RAX);
    body.run();
    a.mov(Gpr.RAX, Mem.at(BLOCK, TileFile.SAVED + 64L * count));
    a.kmovq(BYTES, Gpr.RAX);
    for (int i = 0; i < count; i++) {
      a.vmovups(Vec.zmm(FIRST_VECTOR + i), Mem.at(BLOCK, TileFile.SAVED + 64L * i));
    }
  }

  private void rows(Gpr target, Tile tile) {
    a.movzxByte(target, Mem.at(BLOCK, TileFile.ROWS_FIELD + (long) tile.ordinal()));
  }

  private void rowBytes(Gpr target, Tile tile) {
    a.movzxByte(target, Mem.at(BLOCK, TileFile.ROW_BYTES_FIELD + 2L * tile.ordinal()));
  }

  /** Loads the rows of a tile, which must have some. */
  private void requireTile(Tile tile, Gpr target) {
    a.movzxByte(target, Mem.at(BLOCK, TileFile.CONFIGURATION));
    faultUnless(Condition.EQUAL, Fault.NO_CONFIGURATION, target, 1);
    rows(target, tile);
    a.test(target, target);
    a.jump(Condition.EQUAL, fault(Fault.TILE_NOT_CONFIGURED));
  }

  /** Zeroes tiles from a place of the block on. */
  private void zero(int at, int tiles) {
    a.vpxor(ROW, ROW, ROW);
    for (int i = 0; i < tiles * TileFile.ROWS; i++) {
      a.vmovups(Mem.at(BLOCK, at + (long) i * TileFile.ROW_BYTES), ROW);
    }
  }

  private void loadMask(Tile tile) {
    a.mov(TILE_ROW, TileFile.masks());
    rowBytes(Gpr.RAX, tile);
    a.kmovq(BYTES, Mem.at(TILE_ROW, Gpr.RAX, 8, 0));
  }

  // LDTILECFG and TILERELEASE

  private void configure() {
    a.movzxByte(Gpr.RAX, Mem.at(ADDRESS));
    Label ofPaletteOne = new Label();
    Label end = new Label();
    a.cmp(Gpr.RAX, 1);
    a.jump(Condition.EQUAL, ofPaletteOne);
    faultUnlessZero(Fault.PALETTE, Gpr.RAX);
    release();
    a.jmp(end);
    a.bind(ofPaletteOne);
    a.movzxByte(Gpr.RAX, Mem.at(ADDRESS, 1));
    faultUnlessZero(Fault.START_ROW, Gpr.RAX);
    a.mov(Gpr.RAX, Mem.at(ADDRESS));
    a.shr(Gpr.RAX, 16);
    faultUnlessZero(Fault.RESERVED, Gpr.RAX);
    for (int at : new int[] {8, 32, 40, 56}) {
      a.mov(Gpr.RAX, Mem.at(ADDRESS, at));
      faultUnlessZero(Fault.RESERVED, Gpr.RAX);
    }
    for (int tile = 0; tile < 8; tile++) {
      checkShape(tile);
    }
    withVectors(() -> {
      a.vmovups(ROW, Mem.at(ADDRESS));
      a.vmovups(Mem.at(BLOCK, TileFile.CONFIGURATION), ROW);
      zero(0, 8);
    });
    a.bind(end);
  }

  private void checkShape(int tile) {
    Gpr rows = Gpr.RAX;
    Gpr rowBytes = Gpr.RDX;
    Label unused = new Label();
    Label good = new Label();
    a.movzxByte(rows, Mem.at(ADDRESS, 48 + (long) tile));
    faultUnless(Condition.LESS, Fault.ROWS, rows, TileFile.ROWS + 1);
    a.mov(rowBytes, Mem.at(ADDRESS, 16 + 2L * tile));
    a.and(rowBytes, 0xFFFF);
    faultUnless(Condition.LESS, Fault.ROW_BYTES, rowBytes, TileFile.ROW_BYTES + 1);
    a.test(rows, rows);
    a.jump(Condition.EQUAL, unused);
    a.test(rowBytes, rowBytes);
    a.jump(Condition.EQUAL, fault(Fault.HALF_CONFIGURED));
    a.jmp(good);
    a.bind(unused);
    faultUnlessZero(Fault.HALF_CONFIGURED, rowBytes);
    a.bind(good);
  }

  private void release() {
    withVectors(() -> {
      a.vpxor(ROW, ROW, ROW);
      a.vmovups(Mem.at(BLOCK, TileFile.CONFIGURATION), ROW);
    });
  }

  // Moves

  private void load(Tile tile) {
    requireTile(tile, ROWS);
    withVectors(() -> {
      zero(tile.ordinal() * TileFile.TILE_BYTES, 1);
      loadMask(tile);
      a.lea(TILE_ROW, Mem.at(BLOCK, (long) tile.ordinal() * TileFile.TILE_BYTES));
      Label row = a.here();
      a.vmovdqu8(ROW, Mem.at(ADDRESS), Modifiers.zeroing(BYTES));
      a.vmovups(Mem.at(TILE_ROW), ROW);
      nextRow(row);
    });
  }

  private void store(Tile tile) {
    requireTile(tile, ROWS);
    withVectors(() -> {
      loadMask(tile);
      a.lea(TILE_ROW, Mem.at(BLOCK, (long) tile.ordinal() * TileFile.TILE_BYTES));
      Label row = a.here();
      a.vmovups(ROW, Mem.at(TILE_ROW));
      a.vmovdqu8(Mem.at(ADDRESS), ROW, Modifiers.merging(BYTES));
      nextRow(row);
    });
  }

  private void nextRow(Label row) {
    a.add(ADDRESS, STRIDE);
    a.add(TILE_ROW, TileFile.ROW_BYTES);
    a.dec(ROWS);
    a.jump(Condition.NOT_EQUAL, row);
  }

  // Products

  private void product(Product product, Tile target, Tile left, Tile right) {
    checkProduct(target, left, right);
    withVectors(() -> {
      loadMask(target);
      if (product == Product.TDPBF16PS) {
        a.push(Gpr.RAX);
        a.stmxcsr(Mem.at(Gpr.RSP));
        a.mov(Gpr.RAX, FLUSHING);
        a.push(Gpr.RAX);
        a.ldmxcsr(Mem.at(Gpr.RSP));
      } else {
        repeat(FIRST_CONSTANT, 0x80808080);
        repeat(SECOND_CONSTANT, 0x40404040);
      }
      rows(ROWS, target);
      a.lea(TILE_ROW, Mem.at(BLOCK, (long) target.ordinal() * TileFile.TILE_BYTES));
      a.lea(ADDRESS, Mem.at(BLOCK, (long) left.ordinal() * TileFile.TILE_BYTES));
      Label row = a.here();
      sumRow(product, left, right);
      if (product == Product.TDPBF16PS) {
        a.vaddps(SECOND, EVEN, SECOND);
        a.vmovups(ROW, Mem.at(TILE_ROW));
        a.vaddps(ROW, ROW, SECOND);
      } else {
        a.vmovups(ROW, Mem.at(TILE_ROW));
        a.vpaddd(ROW, ROW, SECOND);
      }
      a.vmovdqu8(Mem.at(TILE_ROW), ROW, Modifiers.merging(BYTES));
      a.mov(STRIDE, TileFile.ROW_BYTES);
      nextRow(row);
      if (product == Product.TDPBF16PS) {
        a.ldmxcsr(Mem.at(Gpr.RSP, 8));
        a.add(Gpr.RSP, 16);
      }
    });
  }

  private void checkProduct(Tile target, Tile left, Tile right) {
    for (Tile tile : List.of(target, left, right)) {
      requireTile(tile, ROWS);
      rowBytes(Gpr.RAX, tile);
      a.and(Gpr.RAX, 3);
      faultUnlessZero(Fault.NOT_WHOLE_UNITS, Gpr.RAX);
    }
    rows(Gpr.RAX, target);
    rows(Gpr.RDX, left);
    faultUnlessEqual(Fault.RESULT_ROWS, Gpr.RAX, Gpr.RDX);
    rowBytes(Gpr.RAX, target);
    rowBytes(Gpr.RDX, right);
    faultUnlessEqual(Fault.RESULT_COLUMNS, Gpr.RAX, Gpr.RDX);
    rowBytes(Gpr.RAX, left);
    a.shr(Gpr.RAX, 2);
    rows(Gpr.RDX, right);
    faultUnlessEqual(Fault.DEPTH, Gpr.RAX, Gpr.RDX);
  }

  /** The sums of a row's products: of floats those of even and of odd elements apart. */
  private void sumRow(Product product, Tile left, Tile right) {
    a.vpxor(SECOND, SECOND, SECOND);
    a.vpxor(EVEN, EVEN, EVEN);
    rowBytes(UNITS, left);
    a.shr(UNITS, 2);
    a.mov(FACTOR, ADDRESS);
    a.lea(RIGHT_ROW, Mem.at(BLOCK, (long) right.ordinal() * TileFile.TILE_BYTES));
    Label unit = a.here();
    a.vpbroadcastd(LEFT, Mem.at(FACTOR));
    a.vmovups(RIGHT, Mem.at(RIGHT_ROW));
    multiply(product);
    a.add(FACTOR, 4);
    a.add(RIGHT_ROW, TileFile.ROW_BYTES);
    a.dec(UNITS);
    a.jump(Condition.NOT_EQUAL, unit);
  }

  private void multiply(Product product) {
    switch (product) {
      case TDPBUSD -> a.vpdpbusd(SECOND, LEFT, RIGHT);
      case TDPBSUD -> a.vpdpbusd(SECOND, RIGHT, LEFT);
      case TDPBSSD -> {
        // x * y = (x + 128) * y - 128 * y
        a.vpxor(LEFT, LEFT, FIRST_CONSTANT);
        a.vpdpbusd(SECOND, LEFT, RIGHT);
        a.vpxor(LEFT, LEFT, LEFT);
        a.vpdpbusd(LEFT, FIRST_CONSTANT, RIGHT);
        a.vpsubd(SECOND, SECOND, LEFT);
      }
      case TDPBUUD -> {
        // x * y = x * (y - 128) + 2 * 64 * x
        a.vpxor(RIGHT, RIGHT, FIRST_CONSTANT);
        a.vpdpbusd(SECOND, LEFT, RIGHT);
        a.vpdpbusd(SECOND, LEFT, SECOND_CONSTANT);
        a.vpdpbusd(SECOND, LEFT, SECOND_CONSTANT);
      }
      case TDPBF16PS -> {
        Vec left = FIRST_CONSTANT;
        Vec right = SECOND_CONSTANT;
        a.vpslld(left, LEFT, 16);
        a.vpslld(right, RIGHT, 16);
        a.vfmadd231ps(EVEN, left, right);
        a.vpsrld(left, LEFT, 16);
        a.vpslld(left, left, 16);
        a.vpsrld(right, RIGHT, 16);
        a.vpslld(right, right, 16);
        a.vfmadd231ps(SECOND, left, right);
      }
    }
  }

  private void repeat(Vec target, int value) {
    a.mov(Gpr.RAX, Integer.toUnsignedLong(value));
    a.vmovd(target.as(Vec.Length.XMM), Gpr.RAX);
    a.vbroadcastss(target, target.as(Vec.Length.XMM));
  }
}
