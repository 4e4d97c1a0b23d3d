package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Activation;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.jit.x86.GemmCode.Block;
import io.compresso.kernel.jit.x86.GemmShape.Output;
import io.compresso.kernel.jit.x86.GemmShape.Part;
import io.compresso.tensor.DType;

/** Emits what sums in registers begin with and what happens to them before they are stored. */
final class GemmEpilogue {
  private final GemmShape shape;
  private final Part part;
  private final Block block;
  private final Assembler a;
  private final VectorSet set;
  private final Output output;
  private final Epilogue epilogue;

  /**
   * @param block the results in registers: row by row, from register 0 on
   */
  GemmEpilogue(GemmShape shape, Part part, VectorSet set, Block block, Assembler a) {
    this.shape = shape;
    this.part = part;
    this.set = set;
    this.block = block;
    this.a = a;
    this.output = shape.output();
    this.epilogue = output.epilogue();
  }

  /** Whether the last part reads the third operand. */
  boolean hasThird() {
    return part.last() && epilogue.residual() != Residual.NONE;
  }

  private Vec sumRegister(int i, int j) {
    return set.register(i * vectors() + j);
  }

  private boolean isMasked(int j) {
    return block.tail() != 0 && j == vectors() - 1;
  }

  private int rows() {
    return block.rows();
  }

  private int vectors() {
    return block.vectors();
  }

  private Mem column(ColumnTerms terms, int j) {
    long array = 4L * output.columns() * terms.ordinal();
    return Mem.at(GemmCode.COLUMNS, array + (long) j * set.length().bytes());
  }

  private Mem result(int i, int j) {
    long element = i * output.stride() + (long) j * set.lanes();
    return Mem.at(GemmCode.C_ROW, element * output.bytes());
  }

  private Mem third(int i, int j) {
    Mem result = result(i, j);
    return Mem.at(GemmCode.C_ROW, GemmCode.THIRD, 1, result.displacement());
  }

  private Modifiers repeated() {
    return set == VectorSet.AVX512 ? Modifiers.BROADCAST : Modifiers.NONE;
  }

  /** A register that holds no sum. */
  private Vec free(int number) {
    return set.register(rows() * vectors() + number);
  }

  // What sums begin with

  /** Sets the sums to what they begin with. */
  void initialise() {
    if (!part.first()) {
      for (int i = 0; i < rows(); i++) {
        for (int j = 0; j < vectors(); j++) {
          set.load(a, sumRegister(i, j), result(i, j), isMasked(j));
        }
      }
      return;
    }
    for (int j = 0; j < vectors(); j++) {
      Vec first = sumRegister(0, j);
      if (!shape.isOfFloats()) {
        integerStart(first, j);
      } else if (epilogue.bias()) {
        a.vmovups(first, column(ColumnTerms.START, j));
      } else {
        for (int i = 0; i < rows(); i++) {
          Vec sum = sumRegister(i, j);
          a.vxorps(sum, sum, sum);
        }
        continue;
      }
      for (int i = 1; i < rows(); i++) {
        a.vmovaps(sumRegister(i, j), first);
      }
    }
  }

  /** Adds sums in memory, rows of which are so many bytes apart. */
  void add(Gpr sums, long rowBytes) {
    for (int i = 0; i < rows(); i++) {
      for (int j = 0; j < vectors(); j++) {
        Vec sum = sumRegister(i, j);
        Mem source = Mem.at(sums, i * rowBytes + (long) j * set.length().bytes());
        if (shape.isOfFloats()) {
          a.vaddps(sum, sum, source);
        } else {
          a.vpaddd(sum, sum, source, Modifiers.NONE);
        }
      }
    }
  }

  private void integerStart(Vec sum, int j) {
    Vec factor = free(0);
    a.vpbroadcastd(sum, Mem.at(GemmCode.FRAME, GemmFrame.INPUT_ZERO_POINT));
    a.vmovups(factor, column(ColumnTerms.ZERO_POINT_FACTOR, j));
    a.vpmulld(factor, sum, factor);
    a.vmovups(sum, column(ColumnTerms.START, j));
    a.vpsubd(sum, sum, factor);
  }

  // What happens to them

  /** Finishes and stores the sums. */
  void finish() {
    VectorMath math = new VectorMath(a, set, Gpr.RAX, free(0), free(1), free(2));
    boolean last = part.last();
    if (last && epilogue.activation() != Activation.NONE) {
      math.loadConstants();
    }
    for (int i = 0; i < rows(); i++) {
      for (int j = 0; j < vectors(); j++) {
        Vec sum = sumRegister(i, j);
        if (!last) {
          set.store(a, result(i, j), sum, isMasked(j));
          continue;
        }
        if (!shape.isOfFloats()) {
          cross(sum, i, j);
        }
        switch (output.type()) {
          case INT32 -> set.store(a, result(i, j), sum, isMasked(j));
          case UINT8, INT8 -> quantized(sum, i, j);
          default -> {
            if (!shape.isOfFloats()) {
              dequantize(sum, i, j);
            }
            floats(math, sum, i, j);
          }
        }
      }
    }
  }

  /** Subtracts the row's sum times the weights' zero points. */
  private void cross(Vec sum, int i, int j) {
    if (!output.terms().crosses()) {
      return;
    }
    Vec product = free(0);
    a.vpbroadcastd(product, Mem.at(GemmCode.ROW, (long) i * RowTerms.BYTES + RowTerms.SUM));
    Vec zeroPoint = free(1);
    a.vmovups(zeroPoint, column(ColumnTerms.WEIGHT_ZERO_POINT, j));
    a.vpmulld(product, product, zeroPoint);
    a.vpsubd(sum, sum, product);
  }

  private void dequantize(Vec sum, int i, int j) {
    Vec scale = free(0);
    a.vcvtdq2ps(sum, sum);
    Mem left =
        output.terms().rowScales()
            ? Mem.at(GemmCode.ROW, (long) i * RowTerms.BYTES + RowTerms.SCALE)
            : Mem.at(GemmCode.FRAME, GemmFrame.INPUT_SCALE);
    a.vbroadcastss(scale, left);
    a.vmulps(scale, scale, column(ColumnTerms.SCALE, j), Modifiers.NONE);
    a.vmulps(sum, sum, scale);
    if (epilogue.bias()) {
      a.vaddps(sum, sum, column(ColumnTerms.FLOAT_BIAS, j));
    }
  }

  private void floats(VectorMath math, Vec sum, int i, int j) {
    if (epilogue.residual() != Residual.NONE) {
      Vec residual = free(0);
      loadFloats(residual, third(i, j), isMasked(j));
      a.vaddps(sum, sum, residual);
    }
    math.apply(epilogue.activation(), sum);
    if (epilogue.low() != Float.NEGATIVE_INFINITY) {
      a.vbroadcastss(free(0), Mem.at(GemmCode.FRAME, GemmFrame.LOW));
      a.vmaxps(sum, free(0), sum);
    }
    if (epilogue.high() != Float.POSITIVE_INFINITY) {
      a.vbroadcastss(free(0), Mem.at(GemmCode.FRAME, GemmFrame.HIGH));
      a.vminps(sum, free(0), sum);
    }
    storeFloats(sum, result(i, j), isMasked(j));
  }

  private Modifiers mask(boolean masked, boolean zeroing) {
    if (!masked) {
      return Modifiers.NONE;
    }
    return zeroing ? Modifiers.zeroing(Mask.K1) : Modifiers.merging(Mask.K1);
  }

  private boolean insertsTails(boolean masked) {
    return masked && set != VectorSet.AVX512;
  }

  private void loadFloats(Vec target, Mem source, boolean masked) {
    if (output.type() == DType.FLOAT) {
      set.load(a, target, source, masked);
      return;
    }
    Vec half = new Vec(target.number(), Vec.Length.XMM);
    boolean inserts = insertsTails(masked);
    if (inserts) {
      a.vpxor(half, half, half);
      for (int n = 0; n < block.tail(); n++) {
        a.vpinsrw(half, source.plus(2L * n), n);
      }
    }
    if (output.type() == DType.FLOAT16) {
      if (inserts) {
        a.vcvtph2ps(target, half);
      } else {
        a.vcvtph2ps(target, source, mask(masked, true));
      }
      return;
    }
    if (inserts) {
      a.vpmovzxwd(target, half);
    } else {
      a.vpmovzxwd(target, source, mask(masked, true));
    }
    a.vpslld(target, target, 16);
  }

  private void storeFloats(Vec sum, Mem target, boolean masked) {
    if (output.type() == DType.FLOAT) {
      set.store(a, target, sum, masked);
      return;
    }
    Vec half = new Vec(free(0).number(), halfLength());
    if (output.type() == DType.BFLOAT16) {
      toBfloat16(sum);
    }
    if (set == VectorSet.AVX512) {
      if (output.type() == DType.FLOAT16) {
        a.vcvtps2ph(target, sum, mask(masked, false));
      } else {
        a.vpmovdw(target, sum, mask(masked, false));
      }
      return;
    }
    if (output.type() == DType.FLOAT16) {
      a.vcvtps2ph(half, sum);
    } else {
      a.vextracti128(half, sum);
      a.vpackusdw(half, sum.as(Vec.Length.XMM), half);
    }
    if (!masked) {
      a.vmovups(target, half);
      return;
    }
    for (int n = 0; n < block.tail(); n++) {
      a.vpextrw(target.plus(2L * n), half, n);
    }
  }

  private Vec.Length halfLength() {
    return set == VectorSet.AVX512 ? Vec.Length.YMM : Vec.Length.XMM;
  }

  /** Rounds floats to bfloat16 in the low halves, halves to even; NaN stays quiet. */
  private void toBfloat16(Vec sum) {
    Vec rounded = free(0);
    Vec one = free(1);
    // NaN is made the canonical one, to which the rounding cannot carry.
    a.vpsrld(rounded, sum, 16);
    a.vpslld(rounded, rounded, 31);
    a.vpsrld(rounded, rounded, 31);
    a.mov(GemmCode.STEP_COUNT, 0x7FFF);
    a.vmovd(one.as(Vec.Length.XMM), GemmCode.STEP_COUNT);
    a.vbroadcastss(one, one.as(Vec.Length.XMM));
    a.vpaddd(rounded, rounded, one);
    a.vpaddd(rounded, sum, rounded);
    keepNan(sum, rounded);
    a.vpsrld(sum, sum, 16);
  }

  private void keepNan(Vec sum, Vec rounded) {
    if (set == VectorSet.AVX512) {
      a.vcmpps(Mask.K2, sum, sum, Assembler.ORDERED);
      a.vmovaps(sum, rounded, Modifiers.merging(Mask.K2));
    } else {
      Vec ordered = free(1);
      a.vcmpps(ordered, sum, sum, Assembler.ORDERED);
      a.vblendvps(sum, sum, rounded, ordered);
    }
  }

  private void quantized(Vec sum, int i, int j) {
    a.vcvtdq2ps(sum, sum);
    a.vmulps(sum, sum, column(ColumnTerms.SCALE, j), Modifiers.NONE);
    if (epilogue.residual() == Residual.ADDED_TO_QUANTIZED) {
      clamp(sum, GemmFrame.SUM_LOW, GemmFrame.SUM_HIGH);
      a.vrndps(sum, sum);
      scalar(free(0), GemmFrame.SUM_SCALE);
      a.vmulps(sum, sum, free(0));
    }
    if (epilogue.residual() != Residual.NONE) {
      Vec residual = free(0);
      loadBytes(residual, third(i, j), isMasked(j));
      scalar(free(1), GemmFrame.RESIDUAL_ZERO_POINT);
      a.vpsubd(residual, residual, free(1));
      a.vcvtdq2ps(residual, residual);
      scalar(free(1), GemmFrame.RESIDUAL_SCALE);
      a.vmulps(residual, residual, free(1));
      a.vaddps(sum, sum, residual);
    }
    clamp(sum, GemmFrame.LOW, GemmFrame.HIGH);
    a.vcvtps2dq(sum, sum);
    scalar(free(0), GemmFrame.OUTPUT_ZERO_POINT);
    a.vpaddd(sum, sum, free(0));
    storeBytes(sum, result(i, j), isMasked(j));
  }

  private void scalar(Vec target, int offset) {
    a.vbroadcastss(target, Mem.at(GemmCode.FRAME, offset));
  }

  /** Bounds the elements; NaN becomes the least. */
  private void clamp(Vec value, int low, int high) {
    scalar(free(0), low);
    a.vmaxps(value, value, free(0));
    scalar(free(0), high);
    a.vminps(value, value, free(0));
  }

  private void loadBytes(Vec target, Mem source, boolean masked) {
    boolean unsigned = output.type() == DType.UINT8;
    if (insertsTails(masked)) {
      Vec bytes = target.as(Vec.Length.XMM);
      a.vpxor(bytes, bytes, bytes);
      for (int n = 0; n < block.tail(); n++) {
        a.vpinsrb(bytes, source.plus(n), n);
      }
      if (unsigned) {
        a.vpmovzxbd(target, bytes);
      } else {
        a.vpmovsxbd(target, bytes);
      }
    } else if (unsigned) {
      a.vpmovzxbd(target, source, mask(masked, true));
    } else {
      a.vpmovsxbd(target, source, mask(masked, true));
    }
  }

  private void storeBytes(Vec sum, Mem target, boolean masked) {
    if (set == VectorSet.AVX512) {
      a.vpmovdb(target, sum, mask(masked, false));
      return;
    }
    Vec low = sum.as(Vec.Length.XMM);
    Vec high = free(0).as(Vec.Length.XMM);
    a.vextracti128(high, sum);
    a.vpackssdw(low, low, high);
    if (output.type() == DType.UINT8) {
      a.vpackuswb(low, low, low);
    } else {
      a.vpacksswb(low, low, low);
    }
    if (!masked) {
      a.vmovq(target, low);
      return;
    }
    for (int n = 0; n < block.tail(); n++) {
      a.vpextrb(target.plus(n), low, n);
    }
  }
}
