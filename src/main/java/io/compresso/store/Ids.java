package io.compresso.store;

import java.security.SecureRandom;
import java.util.UUID;

/** Identifiers that sort by time of creation: version 7 of RFC 9562. */
public final class Ids {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static long lastMillis;
  private static int counter;

  private Ids() {}

  /** The next identifier; greater than every earlier one of this process. */
  public static synchronized UUID next() {
    long millis = Math.max(System.currentTimeMillis(), lastMillis);
    if (millis > lastMillis) {
      counter = RANDOM.nextInt(1 << 11);
    } else if (++counter == 1 << 12) {
      millis++;
      counter = 0;
    }
    lastMillis = millis;
    long high = millis << 16 | 0x7000L | counter;
    long low = 0x8000_0000_0000_0000L | RANDOM.nextLong() >>> 2;
    return new UUID(high, low);
  }
}
