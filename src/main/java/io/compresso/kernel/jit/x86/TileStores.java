package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.ResidualQuantization;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The part of {@link TileCode} that turns sums into results and stores them.
 *
 * <p>Bounds of 8-bit outputs are moved by the zero point and applied before the rounding, which
 * keeps integers in order; the lower bound of the type itself comes from the saturation of the
 * narrowing, which also takes NaN to the least value, and so does the upper one where sums cannot
 * leave 32 bits.
 */
record TileStores(VectorSet set, TileShape shape) {
  private static final int ENTRY_BYTES = 64;
  private static final int ENTRY_INTS = ENTRY_BYTES / 4;
  private static final float MOST_SCALE = 1 << 20;

  /** Entries of the table. */
  enum Entry {
    LOW,
    HIGH,
    ZERO_WORDS,
    RESIDUAL_ZERO,
    RESIDUAL_SCALE,
    SUM_LOW,
    SUM_HIGH,
    SUM_SCALE,
    /** Brings narrowed bytes into order. */
    ORDER,
    /** Selects the channels of the last vector. */
    TAIL
  }

  static final Mask TAIL = Mask.K1;
  static final Mask PIXEL_BYTES = Mask.K2;

  private static long at(Entry entry) {
    return (long) entry.ordinal() * ENTRY_BYTES;
  }

  static Mem mem(Entry entry) {
    return Mem.at(TileCode.TABLE, at(entry));
  }

  private boolean isByteOutput() {
    return shape.output().type().bits() == 8;
  }

  boolean addsResidual() {
    return shape.epilogue().residual() != Residual.NONE && shape.output().type() != DType.INT32;
  }

  boolean isMasked(int vector) {
    return shape.tail() > 0 && vector == shape.vectors() - 1;
  }

  /** The table that the code reads. */
  MemorySegment table() {
    int[] table = new int[ENTRY_INTS * Entry.values().length];
    Epilogue epilogue = shape.epilogue();
    if (isByteOutput()) {
      int zero = shape.zeroPoint();
      DType type = shape.output().type();
      floats(table, Entry.LOW, lowByte() - zero);
      floats(table, Entry.HIGH, (long) Math.min(type.maxValue(), epilogue.high()) - zero);
      ints(table, Entry.ZERO_WORDS, zero << 16 | zero & 0xFFFF);
      ResidualQuantization residual = shape.residual();
      ints(table, Entry.RESIDUAL_ZERO, residual.residualZeroPoint());
      floats(table, Entry.RESIDUAL_SCALE, residual.residualScale());
      floats(table, Entry.SUM_LOW, type.minValue() - residual.sumZeroPoint());
      floats(table, Entry.SUM_HIGH, type.maxValue() - residual.sumZeroPoint());
      floats(table, Entry.SUM_SCALE, residual.sumScale());
    } else {
      floats(table, Entry.LOW, epilogue.low());
      floats(table, Entry.HIGH, epilogue.high());
    }
    for (int i = 0; i < ENTRY_INTS; i++) {
      table[ENTRY_INTS * Entry.ORDER.ordinal() + i] = i % 4 * 4 + i / 4;
      table[ENTRY_INTS * Entry.TAIL.ordinal() + i] = i < shape.tail() ? -1 : 0;
    }
    return Arena.ofAuto()
        .allocate(4L * table.length, ENTRY_BYTES)
        .copyFrom(MemorySegment.ofArray(table));
  }

  private long lowByte() {
    return (long) Math.max(shape.output().type().minValue(), shape.epilogue().low());
  }

  /** Whether there is an upper bound that narrowing does not see to. */
  private boolean hasHigh() {
    return !(addsResidual() ? hasSmallTerms() : shape.output().bounded())
        || shape.epilogue().high() < shape.output().type().maxValue();
  }

  /** Whether both terms are bytes that are scaled to far less than 32 bits. */
  private boolean hasSmallTerms() {
    ResidualQuantization residual = shape.residual();
    return addsToQuantized()
        && Math.abs(residual.sumScale()) < MOST_SCALE
        && Math.abs(residual.residualScale()) < MOST_SCALE;
  }

  private boolean addsToQuantized() {
    return shape.epilogue().residual() == Residual.ADDED_TO_QUANTIZED;
  }

  private static void floats(int[] table, Entry entry, float value) {
    ints(table, entry, Float.floatToRawIntBits(value));
  }

  private static void ints(int[] table, Entry entry, int value) {
    int at = ENTRY_INTS * entry.ordinal();
    Arrays.fill(table, at, at + ENTRY_INTS, value);
  }

  /** Loads the masks; before any tile. */
  void prepare(Assembler a) {
    prepare(a, false);
  }

  /**
   * Loads the masks; before any tile.
   *
   * @param interleaved whether the tail counts all channels of the panel
   */
  void prepare(Assembler a, boolean interleaved) {
    if (set == VectorSet.AVX512) {
      int tail = shape.tail() == 0 ? set.lanes() : shape.tail();
      mask(a, TAIL, (1L << tail) - 1);
      int bytes = (interleaved ? 0 : (shape.vectors() - 1) * set.lanes()) + tail;
      mask(a, PIXEL_BYTES, bytes == 64 ? -1 : (1L << bytes) - 1);
    }
  }

  /**
   * Narrows and stores vectors of interleaved channels, see {@link ChannelTileCode}.
   *
   * @param columns pixels of a row of the tile
   * @param free the first of four registers that may be overwritten
   * @param halves whether the upper halves of the vectors have further rows
   */
  void storeInterleaved(Assembler a, int columns, Vec.Length length, int free, boolean halves) {
    Vec high = Vec.zmm(30);
    Vec zero = Vec.zmm(31).as(length);
    if (hasHigh()) {
      a.vmovups(high, mem(Entry.HIGH));
    }
    if (shape.zeroPoint() != 0) {
      a.vmovups(zero, mem(Entry.ZERO_WORDS));
    }
    for (int j = 0; j < shape.vectors(); j++) {
      a.vmovups(Vec.zmm(free + j), scale(j));
    }
    for (int pixel = 0; pixel < shape.rows() * columns; pixel++) {
      for (int j = 0; j < shape.vectors(); j++) {
        Vec sum = sum(pixel, j);
        a.vcvtdq2ps(sum, sum);
        a.vmulps(sum, sum, Vec.zmm(free + j));
        round(a, sum, high);
      }
      Vec left = sum(pixel, 0).as(length);
      Vec right = sum(pixel, 2).as(length);
      a.vpackssdw(left, left, sum(pixel, 1).as(length));
      a.vpackssdw(right, right, sum(pixel, 3).as(length));
      addZero(a, left, zero);
      addZero(a, right, zero);
      narrowWords(a, left, right);
      Mem target = result(pixel, columns, 0);
      if (halves) {
        Mem upper = target.plus(shape.rows() * shape.output().rowBytes());
        QuadProducts.storeHalves(a, target, upper, left, right);
      } else if (shape.tail() == 0 || shape.tail() == length.bytes()) {
        a.vmovups(target, left);
      } else {
        a.vmovdqu8(target, left, Modifiers.merging(PIXEL_BYTES));
      }
    }
  }

  private static void mask(Assembler a, Mask target, long bits) {
    a.mov(Gpr.RAX, bits);
    a.kmovq(target, Gpr.RAX);
  }

  Vec sum(int pixel, int vector) {
    return set.register(pixel * shape.vectors() + vector);
  }

  Mem result(int pixel, int columns, int vector) {
    return Mem.at(TileCode.RESULT, distance(pixel, columns, vector));
  }

  Mem residual(int pixel, int columns, int vector) {
    return Mem.at(TileCode.RESULT, TileCode.RESIDUAL, 1, distance(pixel, columns, vector));
  }

  private long distance(int pixel, int columns, int vector) {
    return pixel / columns * shape.output().rowBytes()
        + pixel % columns * shape.output().pixelBytes()
        + (long) vector * set.lanes() * shape.output().elementBytes();
  }

  /** Four registers that the sums leave free. */
  Vec free(int columns, int index) {
    return set.register(shape.rows() * columns * shape.vectors() + index);
  }

  /** Stores a tile of so many columns of pixels. */
  void store(Assembler a, int columns) {
    int pixels = shape.rows() * columns;
    if (isByteOutput()) {
      loadBounds(a, columns);
      for (int pixel = 0; pixel < pixels; pixel++) {
        for (int j = 0; j < shape.vectors(); j++) {
          quantize(a, pixel, columns, j);
        }
      }
      storeBytes(a, columns);
      return;
    }
    new WideStores(this).store(a, columns);
  }

  void scale(Assembler a, Vec sum, int vector) {
    a.vcvtdq2ps(sum, sum);
    a.vmulps(sum, sum, scale(vector), Modifiers.NONE);
  }

  private Mem scale(int vector) {
    int bytes = set.length().bytes();
    return Mem.at(TileCode.CONSTANTS, ((long) vector * TileShape.CONSTANT_VECTORS + 1) * bytes);
  }

  /** The bound, or where there is none the scale of the quantized sum. */
  private Vec bound(int columns) {
    return free(columns, 0);
  }

  private Vec residualScale(int columns) {
    return free(columns, 1);
  }

  private Vec sumHigh(int columns) {
    return free(columns, 2);
  }

  private void loadBounds(Assembler a, int columns) {
    if (hasHigh()) {
      a.vmovups(bound(columns), mem(Entry.HIGH));
    } else if (addsToQuantized()) {
      a.vmovups(bound(columns), mem(Entry.SUM_SCALE));
    }
    if (addsResidual()) {
      a.vmovups(residualScale(columns), mem(Entry.RESIDUAL_SCALE));
      a.vmovups(sumHigh(columns), mem(Entry.SUM_HIGH));
    }
  }

  private void quantize(Assembler a, int pixel, int columns, int vector) {
    Vec sum = sum(pixel, vector);
    scale(a, sum, vector);
    if (addsResidual()) {
      Vec added = free(columns, 3);
      loadBytes(a, added, pixel, columns, vector);
      if (shape.residual().residualZeroPoint() != 0) {
        a.vpsubd(added, added, mem(Entry.RESIDUAL_ZERO));
      }
      a.vcvtdq2ps(added, added);
      a.vmulps(added, added, residualScale(columns));
      if (addsToQuantized()) {
        a.vmaxps(sum, sum, mem(Entry.SUM_LOW));
        a.vminps(sum, sum, sumHigh(columns));
        a.vrndps(sum, sum);
        if (hasHigh()) {
          a.vmulps(sum, sum, mem(Entry.SUM_SCALE), Modifiers.NONE);
        } else {
          a.vmulps(sum, sum, bound(columns));
        }
      }
      a.vaddps(sum, sum, added);
    }
    round(a, sum, bound(columns));
  }

  private void round(Assembler a, Vec sum, Vec high) {
    if (lowByte() > shape.output().type().minValue()) {
      a.vmaxps(sum, sum, mem(Entry.LOW));
    }
    if (hasHigh()) {
      a.vminps(sum, high, sum);
    }
    a.vcvtps2dq(sum, sum);
  }

  private void loadBytes(Assembler a, Vec target, int pixel, int columns, int vector) {
    boolean signed = shape.output().type() == DType.INT8;
    Mem source = residual(pixel, columns, vector);
    if (isMasked(vector) && set != VectorSet.AVX512) {
      Vec bytes = target.as(Vec.Length.XMM);
      a.vpxor(bytes, bytes, bytes);
      for (int i = 0; i < shape.tail(); i++) {
        a.vpinsrb(bytes, residual(pixel, columns, vector).plus(i), i);
      }
      if (signed) {
        a.vpmovsxbd(target, bytes);
      } else {
        a.vpmovzxbd(target, bytes);
      }
      return;
    }
    Modifiers modifiers = isMasked(vector) ? Modifiers.zeroing(TAIL) : Modifiers.NONE;
    if (signed) {
      a.vpmovsxbd(target, source, modifiers);
    } else {
      a.vpmovzxbd(target, source, modifiers);
    }
  }

  private void storeBytes(Assembler a, int columns) {
    int pixels = shape.rows() * columns;
    Vec zero = free(columns, 1);
    if (shape.zeroPoint() != 0) {
      a.vmovups(zero, mem(Entry.ZERO_WORDS));
    }
    if (set != VectorSet.AVX512) {
      for (int pixel = 0; pixel < pixels; pixel++) {
        for (int j = 0; j < shape.vectors(); j++) {
          storeEightBytes(a, pixel, columns, j, zero);
        }
      }
      return;
    }
    Vec order = free(columns, 2);
    a.vmovups(order, mem(Entry.ORDER));
    int perStore = shape.vectors() == 1 ? 4 : shape.vectors() == 2 ? 2 : 1;
    for (int pixel = 0; pixel < pixels; pixel += perStore) {
      int count = Math.min(perStore, pixels - pixel);
      Vec bytes = narrow(a, pixel, count * shape.vectors(), zero);
      a.vpermd(bytes, order, bytes);
      for (int i = 0; i < count; i++) {
        storePixel(a, bytes, i, result(pixel + i, columns, 0), free(columns, 3));
      }
    }
  }

  /** Narrows up to four vectors; each 128 bits then hold 32 bits of each of them. */
  private Vec narrow(Assembler a, int pixel, int count, Vec zero) {
    int first = pixel * shape.vectors();
    Vec left = set.register(first);
    a.vpackssdw(left, left, count > 1 ? set.register(first + 1) : left);
    Vec right = left;
    addZero(a, left, zero);
    if (count > 2) {
      right = set.register(first + 2);
      a.vpackssdw(right, right, count > 3 ? set.register(first + 3) : right);
      addZero(a, right, zero);
    }
    narrowWords(a, left, right);
    return left;
  }

  private void addZero(Assembler a, Vec words, Vec zero) {
    if (shape.zeroPoint() != 0) {
      a.vpaddsw(words, words, zero);
    }
  }

  private void narrowWords(Assembler a, Vec left, Vec right) {
    if (shape.output().type() == DType.UINT8) {
      a.vpackuswb(left, left, right);
    } else {
      a.vpacksswb(left, left, right);
    }
  }

  private void storePixel(Assembler a, Vec bytes, int index, Mem target, Vec scratch) {
    boolean masked = shape.tail() > 0 || shape.vectors() == 3;
    Vec.Length length =
        switch (shape.vectors()) {
          case 1 -> Vec.Length.XMM;
          case 2 -> Vec.Length.YMM;
          default -> Vec.Length.ZMM;
        };
    if (index == 0) {
      if (masked) {
        a.vmovdqu8(target, bytes.as(length), Modifiers.merging(PIXEL_BYTES));
      } else {
        a.vmovups(target, bytes.as(length));
      }
      return;
    }
    boolean halves = length == Vec.Length.YMM;
    if (!masked && halves) {
      a.vextracti64x4(target, bytes);
    } else if (!masked) {
      a.vextracti32x4(target, bytes, index);
    } else {
      if (halves) {
        a.vextracti64x4(scratch.as(Vec.Length.YMM), bytes);
      } else {
        a.vextracti32x4(scratch.as(Vec.Length.XMM), bytes, index);
      }
      a.vmovdqu8(target, scratch.as(length), Modifiers.merging(PIXEL_BYTES));
    }
  }

  private void storeEightBytes(Assembler a, int pixel, int columns, int vector, Vec zero) {
    Vec low = sum(pixel, vector).as(Vec.Length.XMM);
    Vec high = free(columns, 3).as(Vec.Length.XMM);
    a.vextracti128(high, sum(pixel, vector));
    a.vpackssdw(low, low, high);
    addZero(a, low, zero.as(Vec.Length.XMM));
    narrowWords(a, low, low);
    Mem target = result(pixel, columns, vector);
    if (!isMasked(vector)) {
      a.vmovq(target, low);
      return;
    }
    for (int i = 0; i < shape.tail(); i++) {
      a.vpextrb(target.plus(i), low, i);
    }
  }
}
