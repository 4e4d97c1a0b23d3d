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

/**
 * A soak of the best kernels, or of those below the cap {@code compresso.isa}, and one of the
 * reference, each in a process of its own. Property {@code soak.seconds}: how long the first takes,
 * 20 minutes by default; the second takes as long, but 5 minutes at most.
 *
 * <p>Calls of machine code never hold up the collector for long, since none is critical: {@code
 * ArchitectureTest}.
 */
@Tag("soak")
class SoakTest {
  private static final Pattern REACHED = Pattern.compile("Reaching safepoint: +(\\d+) ns");
  private static final double MOST_EXTRA_MILLIS = 20;

  @TempDir Path folder;

  @Test
  void kernels_giveRightResultsAndLeakNothing_andDoNotHoldUpTheCollector() throws Exception {
    long seconds = Long.getLong("soak.seconds", 1200);
    double[] best = soak(seconds, System.getProperty("compresso.isa", ""));
    double[] reference = soak(Math.min(seconds, 300), "ref");
    System.out.println(
        "time to safepoint: " + text(best) + "; on the reference: " + text(reference));
    assertThat(p99(best)).isLessThanOrEqualTo(p99(reference) + MOST_EXTRA_MILLIS);
  }

  private static double p99(double[] sorted) {
    return sorted[(int) (0.99 * (sorted.length - 1))];
  }

  private static String text(double[] sorted) {
    return "median %.2f ms, p99 %.2f ms, worst %.2f ms of %d"
        .formatted(
            sorted[sorted.length / 2], p99(sorted), sorted[sorted.length - 1], sorted.length);
  }

  /** The times to safepoints in milliseconds, sorted. */
  private double[] soak(long seconds, String isa) throws IOException, InterruptedException {
    Path log = folder.resolve("safepoints" + isa + ".log");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("--add-modules=jdk.incubator.vector", "-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch"));
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
    return millis;
  }
}
