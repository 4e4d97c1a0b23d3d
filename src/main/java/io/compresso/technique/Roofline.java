package io.compresso.technique;

import java.util.Locale;

/**
 * Time of one operator on one core, in cycles: the longer of its arithmetic at the rate of the
 * target's instructions and of its memory at a rate of bytes, after Williams, Waterman and
 * Patterson, "Roofline" (2009). Rates are multiply-accumulates a cycle of the vector instructions
 * of each level, with one such instruction a cycle.
 */
final class Roofline {
  private static final double CACHED_BYTES_A_CYCLE = 16;
  private static final double MEMORY_BYTES_A_CYCLE = 5;
  private static final long CACHE_BYTES = 1 << 20;

  /** Tiles are fed from cache, which holds the arithmetic below the rate of the instruction. */
  private static final double TILE_EFFICIENCY = 0.4;

  /** Sums of bytes are turned into bytes again, which takes the time of some products. */
  private static final double INT8_EFFICIENCY = 0.6;

  /** A depthwise filter reads a new input for each product. */
  private static final double DEPTHWISE_EFFICIENCY = 0.25;

  private final Rates rates;

  /** Elements of what a layer computes in, and what its weights are stored in. */
  enum Precision {
    FP32(4, 4),
    FP16(2, 2),
    /** Bytes are read and written, but widened in between. */
    INT8(2, 1),
    /** Weights of 8 bits, activations quantized for each product and written as floats. */
    DYNAMIC_INT8(4, 1),
    /** Weights of 4 bits, arithmetic in floats. */
    WEIGHTS_INT4(4, 0.5);

    private final double activationBytes;
    private final double weightBytes;

    Precision(double activationBytes, double weightBytes) {
      this.activationBytes = activationBytes;
      this.weightBytes = weightBytes;
    }

    double weightBytes() {
      return weightBytes;
    }
  }

  /**
   * An operator of one inference.
   *
   * @param macs multiply-accumulates; 0 for operators that only move and map elements
   * @param weights elements of its constant operand
   * @param activations elements that it reads and writes beside
   */
  record Work(long macs, long weights, long activations, boolean depthwise) {}

  private record Rates(double fp32, double fp16, double int8) {}

  /**
   * @param target a level as {@link io.compresso.evaluate.Target} names it
   */
  Roofline(String target) {
    this.rates =
        switch (target.toLowerCase(Locale.ROOT)) {
          case "x86-avx2" -> new Rates(16, 16, 16);
          case "x86-avxvnni" -> new Rates(16, 16, 64);
          case "x86-avx512" -> new Rates(32, 32, 32);
          case "x86-avx512vnni" -> new Rates(32, 32, 128);
          case "x86-amx" -> new Rates(32, 512 * TILE_EFFICIENCY / 3, 1024 * TILE_EFFICIENCY);
          case "arm64-neon" -> new Rates(8, 8, 16);
          case "arm64-dotprod" -> new Rates(8, 16, 32);
          case "arm64-i8mm" -> new Rates(8, 16, 64);
          default -> new Rates(8, 8, 8);
        };
  }

  double cycles(Work work, Precision precision) {
    double rate =
        switch (precision) {
          case FP32, WEIGHTS_INT4 -> rates.fp32();
          case FP16 -> rates.fp16();
          case INT8, DYNAMIC_INT8 -> INT8_EFFICIENCY * rates.int8();
        };
    double arithmetic = work.macs() / (work.depthwise() ? rate * DEPTHWISE_EFFICIENCY : rate);
    double weightBytes = work.weights() * precision.weightBytes;
    double memory =
        weightBytes / (weightBytes > CACHE_BYTES ? MEMORY_BYTES_A_CYCLE : CACHED_BYTES_A_CYCLE)
            + work.activations() * precision.activationBytes / CACHED_BYTES_A_CYCLE;
    return Math.max(arithmetic, memory);
  }
}
