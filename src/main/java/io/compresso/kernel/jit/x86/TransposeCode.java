package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Vec.Length;
import java.util.ArrayList;
import java.util.List;

/**
 * Code that transposes blocks: {@code void f(a, -, c, -, rowBlocks, columnBlocks, strides)}. A
 * block is {@link #rows} rows of one register each; its columns are written to rows of {@code c}.
 * The strides are those of {@code a} and of {@code c}, in bytes, 64 bits each.
 *
 * <p>The rows go through a perfect shuffle: as often as halving the rows leaves one, the elements
 * of row i and of the row half of all further are interleaved to rows 2i and 2i+1.
 */
record TransposeCode(VectorSet set, Length length, int elementBytes) {
  private static final int LANE = 16;
  private static final Gpr A = Gpr.RDI;
  private static final Gpr C = Gpr.RDX;
  private static final Gpr ROW_BLOCKS = Gpr.R8;
  private static final Gpr COLUMN_BLOCKS = Gpr.R9;
  private static final Gpr A_STRIDE = Gpr.R10;
  private static final Gpr C_STRIDE = Gpr.R11;
  private static final Gpr FROM = Gpr.RSI;
  private static final Gpr TO = Gpr.RCX;
  private static final Gpr COUNT = Gpr.RAX;
  private static final Gpr ROW_START = Gpr.RBX;
  private static final Gpr TARGET = Gpr.RBP;
  private static final int STRIDES_ARGUMENT = 24;

  /** Rows of a block: as many as make 16 bytes, or 8 where registers are few. */
  int rows() {
    return set == VectorSet.AVX512 || elementBytes > 1 ? LANE / elementBytes : LANE / 2;
  }

  /** Columns of a block. */
  int columns() {
    return length.bytes() / elementBytes;
  }

  byte[] generate() {
    ElementAssembler a = new ElementAssembler();
    a.push(ROW_START);
    a.push(TARGET);
    a.mov(COUNT, Mem.at(Gpr.RSP, STRIDES_ARGUMENT));
    a.mov(A_STRIDE, Mem.at(COUNT));
    a.mov(C_STRIDE, Mem.at(COUNT, 8));
    Label strip = a.here();
    a.mov(ROW_START, A);
    a.mov(TARGET, C);
    a.mov(COUNT, ROW_BLOCKS);
    Label block = a.here();
    block(a);
    a.mov(ROW_START, FROM);
    a.add(TARGET, (long) rows() * elementBytes);
    a.dec(COUNT);
    a.jump(Condition.NOT_EQUAL, block);
    a.add(A, length.bytes());
    // Every column has moved the pointer to the target by one row.
    a.sub(TO, TARGET);
    a.add(TO, (long) rows() * elementBytes);
    a.add(C, TO);
    a.dec(COLUMN_BLOCKS);
    a.jump(Condition.NOT_EQUAL, strip);
    a.vzeroupper();
    a.pop(TARGET);
    a.pop(ROW_START);
    a.ret();
    return a.toBytes();
  }

  private void block(ElementAssembler a) {
    int rows = rows();
    List<Vec> values = new ArrayList<>();
    a.mov(FROM, ROW_START);
    for (int i = 0; i < rows; i++) {
      Vec row = new Vec(i, length);
      a.vmovups(row, Mem.at(FROM));
      a.add(FROM, A_STRIDE);
      values.add(row);
    }
    Vec free = new Vec(rows, length);
    for (int stage = 1; stage < rows; stage *= 2) {
      List<Vec> next = new ArrayList<>();
      for (int i = 0; i < rows / 2; i++) {
        Vec left = values.get(i);
        Vec right = values.get(i + rows / 2);
        a.vpunpck(free, left, right, elementBytes, false);
        a.vpunpck(left, left, right, elementBytes, true);
        next.add(free);
        next.add(left);
        free = right;
      }
      values = next;
    }
    a.mov(TO, TARGET);
    for (int lane = 0; lane < length.bytes() / LANE; lane++) {
      for (Vec value : values) {
        store(a, value, lane);
      }
    }
  }

  /** Stores the columns that a lane holds: one, or two of 8 bytes. */
  private void store(ElementAssembler a, Vec value, int lane) {
    boolean halves = rows() * elementBytes < LANE;
    Vec low = value.as(Length.XMM);
    if (halves) {
      if (lane > 0) {
        a.vextracti128(low, value);
      }
      a.vmovq(Mem.at(TO), low);
      a.add(TO, C_STRIDE);
      a.vmovhps(Mem.at(TO), low);
    } else if (lane == 0) {
      a.vmovups(Mem.at(TO), low);
    } else if (set == VectorSet.AVX512) {
      a.vextracti32x4(Mem.at(TO), value, lane);
    } else {
      a.vextracti128(Mem.at(TO), value);
    }
    a.add(TO, C_STRIDE);
  }
}
