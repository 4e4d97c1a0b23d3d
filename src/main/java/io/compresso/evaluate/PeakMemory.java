package io.compresso.evaluate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * The largest resident memory of this process ({@code VmHWM} of Linux), all runtimes and the Java
 * heap included. Elsewhere it is not measured.
 */
public final class PeakMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path CLEAR = Path.of("/proc/self/clear_refs");

  private PeakMemory() {}

  /** Bytes since the process started, or since the last {@link #reset()}. */
  public static OptionalLong bytes() {
    return kilobytes("VmHWM:");
  }

  /** Bytes at this moment. */
  public static OptionalLong currentBytes() {
    return kilobytes("VmRSS:");
  }

  /** Begins anew from the present memory; false where the system does not allow it. */
  public static boolean reset() {
    try {
      Files.write(CLEAR, "5".getBytes(StandardCharsets.US_ASCII));
      return true;
    } catch (IOException | SecurityException _) {
      return false;
    }
  }

  private static OptionalLong kilobytes(String key) {
    if (!Files.isReadable(STATUS)) {
      return OptionalLong.empty();
    }
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith(key)) {
          String digits = line.substring(key.length()).replace("kB", "").strip();
          return OptionalLong.of(Long.parseLong(digits) * 1024);
        }
      }
    } catch (IOException | NumberFormatException _) {
      return OptionalLong.empty();
    }
    return OptionalLong.empty();
  }
}
