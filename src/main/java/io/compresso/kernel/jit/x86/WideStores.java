package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Activation;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.jit.x86.TileStores.Entry;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.tensor.DType;

/** The part of {@link TileStores} for results of 32 bits and floats of 16. */
record WideStores(TileStores stores) {
  /** Stores a tile of so many columns of pixels. */
  void store(Assembler a, int columns) {
    VectorMath math =
        new VectorMath(
            a,
            set(),
            Gpr.RAX,
            stores.free(columns, 0),
            stores.free(columns, 1),
            stores.free(columns, 2));
    if (shape().epilogue().activation() != Activation.NONE) {
      math.loadConstants();
    }
    for (int pixel = 0; pixel < shape().rows() * columns; pixel++) {
      for (int j = 0; j < shape().vectors(); j++) {
        if (shape().output().type() != DType.INT32) {
          finish(a, math, pixel, columns, j);
        }
        storeVector(a, pixel, columns, j);
      }
    }
  }

  private VectorSet set() {
    return stores.set();
  }

  private TileShape shape() {
    return stores.shape();
  }

  private void finish(Assembler a, VectorMath math, int pixel, int columns, int vector) {
    Vec sum = stores.sum(pixel, vector);
    Epilogue epilogue = shape().epilogue();
    if (shape().arithmetic().isInteger()) {
      stores.scale(a, sum, vector);
      if (epilogue.bias()) {
        int bytes = set().length().bytes();
        long bias = ((long) vector * TileShape.CONSTANT_VECTORS + 2) * bytes;
        a.vaddps(sum, sum, Mem.at(TileCode.CONSTANTS, bias));
      }
    }
    if (stores.addsResidual()) {
      Vec added = stores.free(columns, 3);
      loadFloats(a, added, pixel, columns, vector);
      a.vaddps(sum, sum, added);
    }
    math.apply(epilogue.activation(), sum);
    Vec bound = stores.free(columns, 3);
    if (epilogue.low() != Float.NEGATIVE_INFINITY) {
      a.vmovups(bound, TileStores.mem(Entry.LOW));
      a.vmaxps(sum, bound, sum);
    }
    if (epilogue.high() != Float.POSITIVE_INFINITY) {
      a.vmovups(bound, TileStores.mem(Entry.HIGH));
      a.vminps(sum, bound, sum);
    }
  }

  private void loadFloats(Assembler a, Vec target, int pixel, int columns, int vector) {
    Mem source = stores.residual(pixel, columns, vector);
    boolean masked = stores.isMasked(vector);
    boolean half = shape().output().type() == DType.FLOAT16;
    if (set() == VectorSet.AVX512) {
      Modifiers modifiers = masked ? Modifiers.zeroing(TileStores.TAIL) : Modifiers.NONE;
      if (half) {
        a.vcvtph2ps(target, source, modifiers);
      } else {
        a.vmovups(target, source, modifiers);
      }
    } else if (!masked) {
      if (half) {
        a.vcvtph2ps(target, source);
      } else {
        a.vmovups(target, source);
      }
    } else if (half) {
      Vec words = target.as(Vec.Length.XMM);
      a.vpxor(words, words, words);
      for (int i = 0; i < shape().tail(); i++) {
        a.vpinsrw(words, source.plus(2L * i), i);
      }
      a.vcvtph2ps(target, words);
    } else {
      Vec mask = stores.free(columns, 2);
      a.vmovups(mask, TileStores.mem(Entry.TAIL));
      a.vmaskmovps(target, mask, source);
    }
  }

  private void storeVector(Assembler a, int pixel, int columns, int vector) {
    Vec sum = stores.sum(pixel, vector);
    Mem target = stores.result(pixel, columns, vector);
    boolean masked = stores.isMasked(vector);
    boolean half = shape().output().type() == DType.FLOAT16;
    if (set() == VectorSet.AVX512) {
      Modifiers modifiers = masked ? Modifiers.merging(TileStores.TAIL) : Modifiers.NONE;
      if (half) {
        a.vcvtps2ph(target, sum, modifiers);
      } else {
        a.vmovups(target, sum, modifiers);
      }
    } else if (!masked) {
      if (half) {
        a.vcvtps2ph(target, sum);
      } else {
        a.vmovups(target, sum);
      }
    } else if (half) {
      Vec words = stores.free(columns, 3).as(Vec.Length.XMM);
      a.vcvtps2ph(words, sum);
      for (int i = 0; i < shape().tail(); i++) {
        a.vpextrw(target.plus(2L * i), words, i);
      }
    } else {
      Vec mask = stores.free(columns, 2);
      a.vmovups(mask, TileStores.mem(Entry.TAIL));
      a.vmaskmovps(target, mask, sum);
    }
  }
}
