package io.compresso.technique.quantize;

import java.lang.foreign.MemorySegment;

/** The smallest and the largest of the finite numbers among floats. */
final class Extremes {
  /** The keys of the infinities, between which those of finite numbers lie. */
  private static final int ABOVE = key(Float.floatToRawIntBits(Float.POSITIVE_INFINITY));

  private static final int BELOW = key(Float.floatToRawIntBits(Float.NEGATIVE_INFINITY));

  private int low = Integer.MAX_VALUE;
  private int high = Integer.MIN_VALUE;
  private long notFinite;

  /** Those of {@code size} floats. */
  static Extremes of(MemorySegment values, long size) {
    Extremes[] parts = new Extremes[FloatParts.count(size)];
    FloatParts.run(
        size,
        size,
        (part, from, to) -> {
          parts[part] = new Extremes();
          for (long at = from; at < to; at += FloatParts.BLOCK) {
            parts[part].add(values, at, (int) Math.min(FloatParts.BLOCK, to - at));
          }
        });
    return merged(parts);
  }

  static Extremes merged(Extremes[] parts) {
    Extremes all = new Extremes();
    for (Extremes part : parts) {
      all.low = Math.min(all.low, part.low);
      all.high = Math.max(all.high, part.high);
      all.notFinite += part.notFinite;
    }
    return all;
  }

  /** Looks at {@code count} floats from element {@code from} on. */
  void add(MemorySegment values, long from, int count) {
    int[] bits = FloatParts.ints(count);
    FloatParts.load(values, from, bits, count);
    int least = least(bits, count);
    int most = most(bits, count);
    if (least <= BELOW || most >= ABOVE) {
      int finite = keepFinite(bits, count);
      notFinite += count - finite;
      least = least(bits, finite);
      most = most(bits, finite);
    }
    low = Math.min(low, least);
    high = Math.max(high, most);
  }

  /** Whether there was no finite number. */
  boolean isEmpty() {
    return low > high;
  }

  /** The smallest number, if there was one. */
  float low() {
    return Float.intBitsToFloat(key(low));
  }

  /** The largest number, if there was one. */
  float high() {
    return Float.intBitsToFloat(key(high));
  }

  /** How many were infinite or not a number. */
  long notFinite() {
    return notFinite;
  }

  /** An integer that orders as the number with these bits does; its own inverse. */
  private static int key(int bits) {
    return bits ^ bits >> 31 >>> 1;
  }

  private static int least(int[] bits, int n) {
    int least = Integer.MAX_VALUE;
    for (int i = 0; i < n; i++) {
      least = Math.min(least, bits[i] ^ bits[i] >> 31 >>> 1);
    }
    return least;
  }

  private static int most(int[] bits, int n) {
    int most = Integer.MIN_VALUE;
    for (int i = 0; i < n; i++) {
      most = Math.max(most, bits[i] ^ bits[i] >> 31 >>> 1);
    }
    return most;
  }

  /** Moves the finite numbers to the front, and says how many they are. */
  private static int keepFinite(int[] bits, int n) {
    int kept = 0;
    for (int i = 0; i < n; i++) {
      if (Math.abs(Float.intBitsToFloat(bits[i])) <= Float.MAX_VALUE) {
        bits[kept++] = bits[i];
      }
    }
    return kept;
  }
}
