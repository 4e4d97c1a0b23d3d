package io.compresso.engine.mutated;

import com.sun.management.OperatingSystemMXBean;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.evaluate.ModelInputs;
import io.compresso.evaluate.PeakMemory;
import io.compresso.graph.GraphException;
import io.compresso.onnx.OnnxCodec;
import io.compresso.onnx.OnnxFormatException;
import io.compresso.tensor.Tensor;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Loads and runs damaged models in a process of their own. What breaks a law is a line of its
 * output: an error that is not of the engine's own kinds, more than 5 s of computing, more than 1
 * GB, or the end of the process.
 */
final class MutatedRuns {
  private static final long MOST_NANOS = 5_000_000_000L;
  private static final long MOST_PATIENCE_MILLIS = 120_000;
  private static final long MOST_BYTES = 1L << 30;
  private static final String BEGIN = "begin ";
  private static final String BROKEN = "broken ";

  private MutatedRuns() {}

  /**
   * Runs {@code count} mutations of each file.
   *
   * @return what broke a law
   */
  static List<String> run(List<Path> files, long from, int count) throws Exception {
    List<String> broken = new ArrayList<>();
    for (Path file : files) {
      long seed = from;
      while (seed < from + count) {
        seed = run(file, seed, from + count, broken);
      }
    }
    return broken;
  }

  /** Runs until the end, or until the process dies; gives the seed to go on with. */
  private static long run(Path file, long from, long to, List<String> broken) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("--add-modules=jdk.incubator.vector", "-Xmx1g", "-XX:-CreateCoredumpOnCrash"));
    command.addAll(List.of("-XX:ErrorFile=/dev/null", "--enable-native-access=ALL-UNNAMED"));
    command.add(MutatedRuns.class.getName());
    command.addAll(List.of(file.toString(), Long.toString(from), Long.toString(to)));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process process = builder.start();
    long seed = from;
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(BEGIN)) {
          seed = Long.parseLong(line.substring(BEGIN.length()));
        } else if (line.startsWith(BROKEN)) {
          broken.add(file.getFileName() + " " + line.substring(BROKEN.length()));
        }
      }
    }
    int exit = process.waitFor();
    if (exit == 0) {
      return to;
    }
    broken.add("%s seed %d ended the process with %d".formatted(file.getFileName(), seed, exit));
    return seed + 1;
  }

  public static void main(String[] arguments) throws Exception {
    Path file = Path.of(arguments[0]);
    long to = Long.parseLong(arguments[2]);
    byte[] whole = Files.readAllBytes(file);
    Map<String, Tensor> inputs = ModelInputs.random(OnnxCodec.read(whole).graph(), 1, 1);
    Mutations mutations = new Mutations(whole);
    run(whole, inputs);
    for (long seed = Long.parseLong(arguments[1]); seed < to; seed++) {
      System.out.println(BEGIN + seed);
      byte[] damaged = mutations.of(seed);
      String problem = problem(damaged, inputs);
      if (problem != null) {
        System.out.println(BROKEN + "seed " + seed + ": " + problem);
      }
    }
    System.exit(0);
  }

  private static String problem(byte[] damaged, Map<String, Tensor> inputs)
      throws InterruptedException {
    boolean measured = PeakMemory.reset();
    long before = PeakMemory.currentBytes().orElse(0);
    Throwable[] thrown = new Throwable[1];
    long start = cpuNanos();
    Thread run =
        Thread.ofPlatform()
            .daemon()
            .start(() -> {
              try {
                run(damaged, inputs);
              } catch (Throwable e) {
                thrown[0] = e;
              }
            });
    run.join(MOST_PATIENCE_MILLIS);
    if (run.isAlive()) {
      System.out.println(BROKEN + "does not end: " + own(run.getStackTrace()));
      System.exit(3);
    }
    long nanos = cpuNanos() - start;
    if (thrown[0] != null && !clean(thrown[0])) {
      return thrown[0] + " at " + own(thrown[0].getStackTrace());
    }
    if (nanos > MOST_NANOS) {
      return "took %.1f s (%s)".formatted(nanos / 1e9, thrown[0]);
    }
    long bytes = PeakMemory.bytes().orElse(0) - before;
    return measured && bytes > MOST_BYTES
        ? "took %d MB (%s)".formatted(bytes >> 20, thrown[0])
        : null;
  }

  /** Computing time of the process, which other processes do not lengthen. */
  private static long cpuNanos() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  /** The innermost frames that are the engine's. */
  private static List<StackTraceElement> own(StackTraceElement[] trace) {
    return Stream.of(trace)
        .filter(frame -> frame.getClassName().startsWith("io.compresso"))
        .limit(6)
        .toList();
  }

  private static boolean clean(Throwable thrown) {
    return (thrown instanceof OnnxFormatException || thrown instanceof GraphException)
        && thrown.getMessage() != null
        && !thrown.getMessage().isBlank();
  }

  private static void run(byte[] model, Map<String, Tensor> inputs) throws IOException {
    SessionOptions options = new SessionOptions(1, 512L << 20);
    try (Session session = Session.create(OnnxCodec.read(model), options)) {
      session.run(inputs);
    }
  }
}
