package io.compresso.kernel.jit.arm;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.ResidualQuantization;
import io.compresso.kernel.jit.arm.Vec.Shape;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The part of {@link TileCode} that turns sums into results and stores them.
 *
 * <p>Bounds of 8-bit outputs are moved by the zero point and applied before the rounding, which
 * keeps integers in order and takes NaN to the least value.
 *
 * @param shape the tiles
 * @param sums where the sums are
 */
record TileStores(TileShape shape, TileSums sums) {
  private static final int ENTRY_BYTES = 16;
  private static final int BFLOAT_BITS = 16;

  /** Entries of the table. */
  private enum Entry {
    LOW,
    HIGH,
    ZERO,
    RESIDUAL_ZERO,
    RESIDUAL_SCALE,
    SUM_LOW,
    SUM_HIGH,
    SUM_SCALE,
    /** What rounds to the nearest bfloat16. */
    ONE,
    HALF_LESS,
    QUIET
  }

  /** The table that the code reads. */
  static MemorySegment table(TileShape shape) {
    MemorySegment table =
        Arena.ofAuto().allocate((long) ENTRY_BYTES * Entry.values().length, ENTRY_BYTES);
    Epilogue epilogue = shape.epilogue();
    DType type = shape.output().type();
    if (type.bits() == 8) {
      int zero = shape.zeroPoint();
      ResidualQuantization residual = shape.residual();
      floats(table, Entry.LOW, (long) Math.max(type.minValue(), epilogue.low()) - zero);
      floats(table, Entry.HIGH, (long) Math.min(type.maxValue(), epilogue.high()) - zero);
      ints(table, Entry.ZERO, zero);
      ints(table, Entry.RESIDUAL_ZERO, residual.residualZeroPoint());
      floats(table, Entry.RESIDUAL_SCALE, residual.residualScale());
      floats(table, Entry.SUM_LOW, type.minValue() - residual.sumZeroPoint());
      floats(table, Entry.SUM_HIGH, type.maxValue() - residual.sumZeroPoint());
      floats(table, Entry.SUM_SCALE, residual.sumScale());
    } else {
      floats(table, Entry.LOW, epilogue.low());
      floats(table, Entry.HIGH, epilogue.high());
    }
    ints(table, Entry.ONE, 1);
    ints(table, Entry.HALF_LESS, 0x7FFF);
    ints(table, Entry.QUIET, 0x400000);
    return table;
  }

  private static void floats(MemorySegment table, Entry entry, float value) {
    ints(table, entry, Float.floatToRawIntBits(value));
  }

  private static void ints(MemorySegment table, Entry entry, int value) {
    for (int i = 0; i < ENTRY_BYTES; i += 4) {
      table.set(ValueLayout.JAVA_INT, (long) entry.ordinal() * ENTRY_BYTES + i, value);
    }
  }

  private boolean isByteOutput() {
    return shape.output().type().bits() == 8;
  }

  private boolean addsResidual() {
    return shape.epilogue().residual() != Residual.NONE && shape.output().type() != DType.INT32;
  }

  /** Loads an entry of the table into a register that is free. */
  private Vec entry(Assembler a, Entry entry) {
    Vec target = sums.free(0);
    a.ldr(target.as(Shape.Q), Mem.at(TileCode.TABLE, entry.ordinal() * ENTRY_BYTES));
    return target;
  }

  /** Loads a vector of the channels' constants into a register that is free. */
  private Vec constant(Assembler a, int vector, int index) {
    Vec target = sums.free(0);
    int at = (vector * TileShape.CONSTANT_VECTORS + index) * TileCode.BYTES;
    a.ldr(target.as(Shape.Q), Mem.at(TileCode.CONSTANTS, at));
    return target;
  }

  /** Channels of a vector that there are. */
  private int channels(int vector) {
    return shape.tail() > 0 && vector == shape.vectors() - 1 ? shape.tail() : 4;
  }

  /** Stores a tile of so many columns of pixels. */
  void store(Assembler a, int columns) {
    for (int pixel = 0; pixel < sums.pixels(); pixel++) {
      for (int j = 0; j < shape.vectors(); j++) {
        Vec sum = sums.sum(pixel, j);
        long at =
            pixel / columns * shape.output().rowBytes()
                + pixel % columns * shape.output().pixelBytes()
                + 4L * j * shape.output().elementBytes();
        a.add(TileCode.ADDRESS, TileCode.RESULT, at, TileCode.SCRATCH);
        if (isByteOutput()) {
          quantize(a, sum, j);
        } else if (shape.output().type() != DType.INT32) {
          finish(a, sum, j);
        }
        int bytes = channels(j) * shape.output().elementBytes();
        Tails.store(a, sum, TileCode.ADDRESS, 0, bytes, TileCode.SCRATCH);
      }
    }
  }

  private void scale(Assembler a, Vec sum, int vector) {
    a.scvtf(sum, sum);
    a.fmul(sum, sum, constant(a, vector, 1));
  }

  /** Loads what is added to a vector of results, whose address is known. */
  private Vec residual(Assembler a, int vector) {
    Vec target = sums.free(1);
    a.add(TileCode.SCRATCH, TileCode.ADDRESS, TileCode.RESIDUAL);
    int bytes = channels(vector) * shape.output().elementBytes();
    Tails.load(a, target, TileCode.SCRATCH, 0, bytes, TileCode.POINTER);
    switch (shape.output().type()) {
      case INT8 -> {
        a.sxtl(target.as(Shape.H8), target.as(Shape.B8));
        a.sxtl(target, target.as(Shape.H4));
      }
      case UINT8 -> {
        a.uxtl(target.as(Shape.H8), target.as(Shape.B8));
        a.uxtl(target, target.as(Shape.H4));
      }
      case FLOAT16 -> a.fcvtl(target, target.as(Shape.H4));
      case BFLOAT16 -> a.shll(target, target.as(Shape.H4));
      default -> {}
    }
    return target;
  }

  private void quantize(Assembler a, Vec sum, int vector) {
    scale(a, sum, vector);
    if (addsResidual()) {
      Vec added = residual(a, vector);
      a.sub(added, added, entry(a, Entry.RESIDUAL_ZERO));
      a.scvtf(added, added);
      a.fmul(added, added, entry(a, Entry.RESIDUAL_SCALE));
      if (shape.epilogue().residual() == Residual.ADDED_TO_QUANTIZED) {
        a.fmaxnm(sum, sum, entry(a, Entry.SUM_LOW));
        a.fminnm(sum, sum, entry(a, Entry.SUM_HIGH));
        a.frintn(sum, sum);
        a.fmul(sum, sum, entry(a, Entry.SUM_SCALE));
      }
      a.fadd(sum, sum, added);
    }
    a.fmaxnm(sum, sum, entry(a, Entry.LOW));
    a.fminnm(sum, sum, entry(a, Entry.HIGH));
    a.fcvtns(sum, sum);
    if (shape.zeroPoint() != 0) {
      a.add(sum, sum, entry(a, Entry.ZERO));
    }
    a.xtn(sum.as(Shape.H4), sum);
    a.xtn(sum.as(Shape.B8), sum.as(Shape.H8));
  }

  private void finish(Assembler a, Vec sum, int vector) {
    Epilogue epilogue = shape.epilogue();
    if (shape.arithmetic().isInteger()) {
      scale(a, sum, vector);
      if (epilogue.bias()) {
        a.fadd(sum, sum, constant(a, vector, 2));
      }
    }
    if (addsResidual()) {
      a.fadd(sum, sum, residual(a, vector));
    }
    if (epilogue.low() != Float.NEGATIVE_INFINITY) {
      a.fmax(sum, sum, entry(a, Entry.LOW));
    }
    if (epilogue.high() != Float.POSITIVE_INFINITY) {
      a.fmin(sum, sum, entry(a, Entry.HIGH));
    }
    if (shape.output().type() == DType.FLOAT16) {
      a.fcvtn(sum.as(Shape.H4), sum);
    } else if (shape.output().type() == DType.BFLOAT16) {
      roundToBfloat(a, sum);
    }
  }

  /** To the nearest, halves to even; NaN stays NaN. */
  private void roundToBfloat(Assembler a, Vec value) {
    if (shape.arithmetic() == Arithmetic.BFLOATS) {
      a.bfcvtn(value.as(Shape.H4), value);
      return;
    }
    Vec rounded = sums.free(1);
    Vec result = sums.free(2);
    a.ushr(rounded, value, BFLOAT_BITS);
    a.and(rounded.as(Shape.B16), rounded.as(Shape.B16), entry(a, Entry.ONE).as(Shape.B16));
    a.add(rounded, rounded, entry(a, Entry.HALF_LESS));
    a.add(rounded, rounded, value);
    a.fcmeq(result, value, value);
    Vec quiet = entry(a, Entry.QUIET).as(Shape.B16);
    a.orr(quiet, quiet, value.as(Shape.B16));
    a.bsl(result.as(Shape.B16), rounded.as(Shape.B16), quiet);
    a.ushr(result, result, BFLOAT_BITS);
    a.xtn(value.as(Shape.H4), result);
  }
}
