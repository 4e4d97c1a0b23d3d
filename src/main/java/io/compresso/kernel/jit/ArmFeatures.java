package io.compresso.kernel.jit;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What Linux tells a process of an AArch64 CPU in its auxiliary vector ({@code
 * Documentation/arch/arm64/elf_hwcaps.rst}). Unlike {@code /proc/cpuinfo} it is right under an
 * emulator and in containers without that file.
 */
public final class ArmFeatures {
  private static final long AT_HWCAP = 16;
  private static final long AT_HWCAP2 = 26;

  private static final Map<String, Integer> HWCAP =
      Map.of(
          "fp", 0, "asimd", 1, "fphp", 9, "asimdhp", 10, "asimddp", 20, "sve", 22, "asimdfhm", 23);
  private static final Map<String, Integer> HWCAP2 = Map.of("sve2", 1, "i8mm", 13, "bf16", 14);

  private ArmFeatures() {}

  /** The flags of this process's CPU that kernels use, by their names in {@code /proc/cpuinfo}. */
  public static Set<String> host() {
    return flags(SystemCalls.auxiliaryValue(AT_HWCAP), SystemCalls.auxiliaryValue(AT_HWCAP2));
  }

  /** The flags for the two words of the auxiliary vector. */
  static Set<String> flags(long hwcap, long hwcap2) {
    Set<String> flags = new TreeSet<>();
    addFlags(HWCAP, hwcap, flags);
    addFlags(HWCAP2, hwcap2, flags);
    return flags;
  }

  private static void addFlags(Map<String, Integer> bits, long word, Set<String> flags) {
    bits.forEach((name, bit) -> {
      if ((word >>> bit & 1) != 0) {
        flags.add(name);
      }
    });
  }
}
