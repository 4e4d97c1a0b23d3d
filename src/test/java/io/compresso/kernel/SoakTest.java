package io.compresso.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Property {@code soak.seconds}: how long each of the two soaks takes, 20 minutes by default. */
@Tag("soak")
class SoakTest {
  private static final Pattern REACHED = Pattern.compile("Reaching safepoint: +(\\d+) ns");
  private static final double MOST_EXTRA_MILLIS = 20;

  @TempDir Path folder;

  @Test
  void kernels_giveRightResultsAndLeakNothing_andDoNotHoldUpTheCollector() throws Exception {
    long seconds = Long.getLong("soak.seconds", 1200);
    double best = soak(seconds, "");
    double reference = soak(Math.min(seconds, 300), "ref");
    System.out.printf(
        "p99 time to safepoint: %.2f ms, %.2f ms on the reference%n", best, reference);
    assertThat(best).isLessThanOrEqualTo(reference + MOST_EXTRA_MILLIS);
  }

  /** The 99th percentile of the time to a safepoint in milliseconds. */
  private double soak(long seconds, String isa) throws IOException, InterruptedException {
    Path log = folder.resolve("safepoints" + isa + ".log");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules=jdk.incubator.vector", "-Xmx1g"));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-Xlog:safepoint=info:file=" + log + "::filecount=0");
    command.add("-Dcompresso.isa=" + isa);
    command.add(SoakRuns.class.getName());
    command.add(Long.toString(seconds));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    System.out.print(output);
    assertThat(process.waitFor()).as(output).isZero();
    double[] millis =
        Files.readAllLines(log).stream()
            .map(REACHED::matcher)
            .filter(Matcher::find)
            .mapToDouble(matcher -> Long.parseLong(matcher.group(1)) / 1e6)
            .sorted()
            .toArray();
    assertThat(millis).as("safepoints").hasSizeGreaterThan(20);
    return millis[(int) (0.99 * (millis.length - 1))];
  }
}
