package io.compresso.evaluate;

import io.compresso.kernel.CpuFeatures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The fingerprint of a CPU and what runs on it, kept with every figure that was measured there:
 * figures of different targets cannot be compared.
 *
 * @param id the best level of instruction sets, such as {@code x86-avx512vnni} or {@code
 *     arm64-dotprod}
 * @param cpu the CPU's name for itself
 * @param architecture {@code x86}, {@code arm64} or the JVM's name
 * @param levels the ids of all levels that this CPU can run, the least first
 * @param features the flags that levels are told by
 * @param cores that this process may use
 * @param caches sizes by level, as the system says them: {@code L1d}, {@code L2}, {@code L3}
 * @param os name, version
 * @param jvm name, version
 */
public record Target(
    String id,
    String cpu,
    String architecture,
    List<String> levels,
    List<String> features,
    int cores,
    Map<String, String> caches,
    String os,
    String jvm) {
  /** In a job: this host, whatever it is. */
  public static final String AUTO = "auto";

  private static final Map<String, Set<String>> X86 = new LinkedHashMap<>();
  private static final Map<String, Set<String>> ARM = new LinkedHashMap<>();
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
  private static final Path CACHES = Path.of("/sys/devices/system/cpu/cpu0/cache");

  static {
    Set<String> avx512 = Set.of("avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl");
    X86.put("x86-64", Set.of());
    X86.put("x86-avx2", Set.of("avx2", "fma"));
    X86.put("x86-avxvnni", Set.of("avx2", "fma", "avx_vnni"));
    X86.put("x86-avx512", avx512);
    X86.put("x86-avx512vnni", plus(avx512, "avx512_vnni"));
    X86.put("x86-amx", plus(avx512, "avx512_vnni", "amx_tile", "amx_int8"));
    ARM.put("arm64-neon", Set.of());
    ARM.put("arm64-dotprod", Set.of("asimddp"));
    ARM.put("arm64-i8mm", Set.of("asimddp", "i8mm"));
  }

  private static Set<String> plus(Set<String> flags, String... more) {
    Set<String> all = new java.util.TreeSet<>(flags);
    all.addAll(List.of(more));
    return Set.copyOf(all);
  }

  /** The ids of all levels that are known. */
  public static List<String> known() {
    List<String> ids = new ArrayList<>(X86.keySet());
    ids.addAll(ARM.keySet());
    return ids;
  }

  /** This host. */
  public static Target host() {
    CpuFeatures features = CpuFeatures.host();
    return of(
        features.architecture(), features.flags(), cpuName(features.architecture()), readCaches());
  }

  static Target of(
      String cpuArchitecture, Set<String> flags, String cpu, Map<String, String> caches) {
    String architecture = cpuArchitecture.equals("arm") ? "arm64" : cpuArchitecture;
    Map<String, Set<String>> ladder =
        switch (architecture) {
          case "x86" -> X86;
          case "arm64" -> ARM;
          default -> Map.of(architecture, Set.<String>of());
        };
    List<String> levels = new ArrayList<>();
    Set<String> telling = new java.util.TreeSet<>();
    ladder.forEach((level, needed) -> {
      if (flags.containsAll(needed)) {
        levels.add(level);
        telling.addAll(needed);
      }
    });
    return new Target(
        levels.getLast(),
        cpu,
        architecture,
        List.copyOf(levels),
        List.copyOf(telling),
        Runtime.getRuntime().availableProcessors(),
        caches,
        property("os.name") + " " + property("os.version"),
        property("java.vm.name") + " " + property("java.vm.version"));
  }

  private static String property(String name) {
    return System.getProperty(name, "unknown");
  }

  /** Whether figures for the target {@code wanted} can be measured here. */
  public boolean covers(String wanted) {
    return wanted.equals(AUTO) || levels.contains(wanted);
  }

  /** The record as plain scalars, for reports. */
  public Map<String, String> describe() {
    Map<String, String> text = new LinkedHashMap<>();
    text.put("id", id);
    text.put("model", cpu);
    text.put("architecture", architecture);
    text.put("features", String.join(" ", features));
    text.put("cores", Integer.toString(cores));
    caches.forEach((level, size) -> text.put("cache." + level, size));
    text.put("os", os);
    text.put("jvm", jvm);
    return text;
  }

  private static String cpuName(String architecture) {
    if (Files.isReadable(CPU_INFO)) {
      try (Stream<String> lines = Files.lines(CPU_INFO)) {
        return lines
            .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .findFirst()
            .orElse(architecture);
      } catch (IOException | java.io.UncheckedIOException _) {
        return architecture;
      }
    }
    return architecture;
  }

  private static Map<String, String> readCaches() {
    Map<String, String> caches = new java.util.TreeMap<>();
    for (int index = 0; index < 8; index++) {
      Path cache = CACHES.resolve("index" + index);
      try {
        if (Files.isReadable(cache.resolve("size"))) {
          String level = Files.readString(cache.resolve("level")).strip();
          String type = Files.readString(cache.resolve("type")).strip();
          String suffix = type.equals("Data") ? "d" : type.equals("Instruction") ? "i" : "";
          caches.put("L" + level + suffix, Files.readString(cache.resolve("size")).strip());
        }
      } catch (IOException _) {
        return caches;
      }
    }
    return caches;
  }
}
