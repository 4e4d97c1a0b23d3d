package io.compresso.data.archive;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;

/** Holds what unpacking gives against the limits. */
final class Budget {
  private static final long RATIO_FREE_BYTES = 64L << 20;

  private Budget() {}

  /** The most bytes that {@code packed} bytes may unpack to. */
  static long allowed(long packed, DataLimits limits) {
    long byRatio =
        packed > Long.MAX_VALUE / limits.maxRatio() ? Long.MAX_VALUE : packed * limits.maxRatio();
    return Math.min(limits.maxTotalBytes(), Math.max(RATIO_FREE_BYTES, byRatio));
  }

  static void require(String what, long unpacked, long packed, DataLimits limits) {
    if (unpacked > allowed(packed, limits)) {
      throw new DataException(
          Code.LIMIT_EXCEEDED,
          "",
          "%s unpacks from %d to %d bytes, which is over the limit of %d bytes or %d to 1"
              .formatted(what, packed, unpacked, limits.maxTotalBytes(), limits.maxRatio()));
    }
  }
}
