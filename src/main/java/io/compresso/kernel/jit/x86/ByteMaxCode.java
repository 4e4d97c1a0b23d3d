package io.compresso.kernel.jit.x86;

import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.tensor.DType;

/**
 * Generates {@code void f(row0, row1, row2, output, -, -, -)}, which writes a row of the maxima of
 * bytes over NHWC. The maximum of a column of the window is computed once, for all windows that
 * have the column.
 *
 * <p>Channels are taken by whole vectors, of which the last one may overlap the one before.
 *
 * @param length of the vectors, at most as long as the channels
 * @param type of the bytes
 * @param width the axis of the rows
 * @param channels bytes of a pixel
 * @param rows how many rows a window has
 */
record ByteMaxCode(Vec.Length length, DType type, SpatialAxis width, int channels, int rows) {
  /** Rows of the tallest window. */
  static final int MOST_ROWS = 3;

  /** Columns that the widest window spans: each has a register. */
  static final int MOST_SPAN = 12;

  private static final Gpr[] ROWS = {Gpr.RDI, Gpr.RSI, Gpr.RDX};
  private static final Gpr OUTPUT = Gpr.RCX;
  private static final Gpr CHANNEL = Gpr.RAX;

  byte[] generate() {
    ElementAssembler a = new ElementAssembler();
    a.xor(CHANNEL, CHANNEL);
    Label next = a.here();
    row(a);
    a.add(CHANNEL, length.bytes());
    a.cmp(CHANNEL, channels - length.bytes() + 1);
    a.jump(Condition.LESS, next);
    if (channels % length.bytes() != 0) {
      Label end = new Label();
      a.cmp(CHANNEL, channels);
      a.jump(Condition.GREATER_OR_EQUAL, end);
      a.mov(CHANNEL, channels - length.bytes());
      a.cmp(CHANNEL, channels);
      a.jump(Condition.LESS, next);
      a.bind(end);
    }
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  private void row(ElementAssembler a) {
    int loaded = 0;
    for (int output = 0; output < width.outputSize(); output++) {
      Vec result = null;
      for (int tap = 0; tap < width.kernel(); tap++) {
        int at = output * width.stride() - width.padBegin() + tap * width.dilation();
        if (at < 0 || at >= width.size()) {
          continue;
        }
        for (loaded = Math.max(loaded, first(output)); loaded <= at; loaded++) {
          column(a, loaded);
        }
        if (result == null) {
          result = register(at);
        } else {
          max(a, Vec.xmm(0).as(length), result, register(at));
          result = Vec.xmm(0).as(length);
        }
      }
      if (result == null) {
        throw new IllegalStateException("a window without an element");
      }
      a.vmovups(Mem.at(OUTPUT, CHANNEL, 1, (long) output * channels), result);
    }
  }

  /** The first column that a window may have. */
  private int first(int output) {
    return Math.max(0, output * width.stride() - width.padBegin());
  }

  private Vec register(int column) {
    return Vec.xmm(1 + column % (int) width.span()).as(length);
  }

  private void column(ElementAssembler a, int column) {
    for (int row = 0; row < rows; row++) {
      Mem source = Mem.at(ROWS[row], CHANNEL, 1, (long) column * channels);
      if (row == 0) {
        a.vmovups(register(column), source);
      } else if (type == DType.INT8) {
        a.vpmaxsb(register(column), register(column), source);
      } else {
        a.vpmaxub(register(column), register(column), source);
      }
    }
  }

  private void max(ElementAssembler a, Vec target, Vec left, Vec right) {
    if (type == DType.INT8) {
      a.vpmaxsb(target, left, right);
    } else {
      a.vpmaxub(target, left, right);
    }
  }
}
