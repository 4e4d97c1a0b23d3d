package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.tensor.Value;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** ONNX's own backend cases: those that ONNX Runtime passes, our engine passes too. */
@Tag("shared-data")
class OnnxSuiteTest {
  /** A pattern of case names, to look at some of them. */
  private static final Pattern CASES =
      Pattern.compile(System.getProperty("conformance.cases", ".*"));

  private static Map<String, Value> runInPeer(Path model, Map<String, Value> inputs) {
    try (OnnxRuntimePeer peer = OnnxRuntimePeer.open(model, PeerOptions.threads(1))) {
      return peer.run(inputs);
    }
  }

  @Test
  void engine_passesTheCases_thatOnnxRuntimePasses() throws IOException {
    Path suite =
        Path.of(
            Objects.requireNonNull(System.getProperty("shared.dir"), "set -Dshared.dir"),
            "data/onnx-suite.tar.gz");
    Conformance peer =
        new Conformance(OnnxSuiteTest::runInPeer, Tolerance.ONNX, Duration.ofSeconds(30));
    Set<String> expected =
        new HashSet<>(peer.run(suite, name -> CASES.matcher(name).matches()).passed());
    assertThat(expected).as("cases that ONNX Runtime passes").isNotEmpty();

    Conformance.Result ours =
        Conformance.ofEngine().run(suite, name -> CASES.matcher(name).matches());

    List<Conformance.Failure> failures =
        ours.failed().stream().filter(failure -> expected.contains(failure.name())).toList();
    System.out.printf(
        "passed %d of %d; of the %d that ONNX Runtime passes %d fail%n",
        ours.passed().size(),
        ours.passed().size() + ours.failed().size(),
        expected.size(),
        failures.size());
    ours.failed()
        .forEach(failure ->
            System.out.printf(
                "%s %s: %s%n",
                expected.contains(failure.name()) ? "FAILED" : "failed, as in ONNX Runtime,",
                failure.name(),
                failure.reason()));
    assertThat(failures.size()).isLessThanOrEqualTo(expected.size() * 3 / 100);
  }
}
