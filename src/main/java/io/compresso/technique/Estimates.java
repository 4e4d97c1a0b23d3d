package io.compresso.technique;

import io.compresso.graph.Model;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What can be told of a job's cost and of the machine without running. */
final class Estimates {
  private static final double BYTES_PER_SECOND = 20e6;
  private static final double OVERHEAD_SECONDS = 15;
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  private Estimates() {}

  /** Minutes for {@code runs} inferences, by the bytes of the constants that each reads. */
  static double minutes(Model model, long runs) {
    double bytes = model.graph().initializers().values().stream().mapToLong(Tensor::byteSize).sum();
    return (OVERHEAD_SECONDS + runs * (0.002 + bytes / BYTES_PER_SECOND)) / 60;
  }

  /** What tells one CPU's figures from another's. */
  static Map<String, String> cpu() {
    CpuFeatures features = CpuFeatures.host();
    List<Isa> rungs = features.rungs();
    Map<String, String> cpu = new LinkedHashMap<>();
    cpu.put("architecture", features.architecture());
    cpu.put("model", model());
    cpu.put("isa", rungs.getLast().toString());
    cpu.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    return cpu;
  }

  private static String model() {
    try {
      for (String line : Files.readAllLines(CPU_INFO)) {
        if (line.startsWith("model name")) {
          return line.substring(line.indexOf(':') + 1).strip();
        }
      }
    } catch (IOException _) {
      return "unknown";
    }
    return "unknown";
  }
}
