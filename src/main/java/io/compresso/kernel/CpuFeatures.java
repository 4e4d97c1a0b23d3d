package io.compresso.kernel;

import io.compresso.kernel.jit.ArmFeatures;
import io.compresso.kernel.jit.ExecutableMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What the CPU can do, below an optional cap.
 *
 * @param architecture {@code x86}, {@code arm} or the JVM's name of another one
 * @param flags the flags of {@code /proc/cpuinfo}, by {@link ArmFeatures} on AArch64; empty where
 *     there is no such file, so that only the portable rungs are used
 * @param cap the best rung that may be used; empty for no limit
 */
public record CpuFeatures(String architecture, Set<String> flags, Optional<Isa> cap) {
  /** System property that names the best rung to use, for instance {@code avx2} or {@code ref}. */
  public static final String CAP_PROPERTY = "compresso.isa";

  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  public CpuFeatures {
    flags = Set.copyOf(flags);
  }

  /** This machine under the cap of {@value #CAP_PROPERTY}. */
  public static CpuFeatures host() {
    return Host.FEATURES;
  }

  /** This machine under the given cap. */
  public static CpuFeatures host(Isa cap) {
    return new CpuFeatures(Host.FEATURES.architecture(), Host.FEATURES.flags(), Optional.of(cap));
  }

  /** The same machine without a cap. */
  public CpuFeatures withoutCap() {
    return new CpuFeatures(architecture, flags, Optional.empty());
  }

  /** Whether kernels of {@code isa} may run, or why not. */
  public Acceptance supports(Isa isa) {
    if (cap.isPresent() && isa.compareTo(cap.get()) > 0) {
      return Acceptance.no("the instruction set is capped at " + cap.get());
    }
    if (isa.isMachineCode() && !isa.architecture().equals(architecture)) {
      return Acceptance.no("the CPU is " + architecture + ", not " + isa.architecture());
    }
    List<String> missing = new ArrayList<>(isa.flags());
    missing.removeAll(flags);
    return missing.isEmpty()
        ? Acceptance.YES
        : Acceptance.no("the CPU lacks " + String.join(", ", missing));
  }

  /** The rungs that may run, best last. */
  public List<Isa> rungs() {
    List<Isa> rungs = new ArrayList<>();
    for (Isa isa : Isa.values()) {
      if (supports(isa).accepted()) {
        rungs.add(isa);
      }
    }
    return rungs;
  }

  /** The features that the text of a {@code /proc/cpuinfo} states, without a cap. */
  static CpuFeatures parse(String osArch, List<String> cpuInfo) {
    String architecture =
        switch (osArch.toLowerCase(Locale.ROOT)) {
          case "amd64", "x86_64" -> "x86";
          case "aarch64", "arm64" -> "arm";
          default -> osArch;
        };
    for (String line : cpuInfo) {
      int colon = line.indexOf(':');
      String key = colon < 0 ? "" : line.substring(0, colon).strip();
      if (key.equals("flags") || key.equals("Features")) {
        return new CpuFeatures(
            architecture,
            Set.copyOf(Arrays.asList(line.substring(colon + 1).strip().split("\\s+"))),
            Optional.empty());
      }
    }
    return new CpuFeatures(architecture, Set.of(), Optional.empty());
  }

  private static final class Host {
    static final CpuFeatures FEATURES = detect();

    private static CpuFeatures detect() {
      CpuFeatures stated = parse(System.getProperty("os.arch", ""), cpuInfo());
      boolean asks = stated.architecture().equals("arm") && ExecutableMemory.allowed().accepted();
      CpuFeatures found =
          asks ? new CpuFeatures("arm", ArmFeatures.host(), Optional.empty()) : stated;
      String cap = System.getProperty(CAP_PROPERTY, "").strip();
      return cap.isEmpty()
          ? found
          : new CpuFeatures(found.architecture(), found.flags(), Optional.of(Isa.ofName(cap)));
    }

    private static List<String> cpuInfo() {
      try {
        return Files.exists(CPU_INFO) ? Files.readAllLines(CPU_INFO) : List.of();
      } catch (IOException _) {
        return List.of();
      }
    }
  }
}
