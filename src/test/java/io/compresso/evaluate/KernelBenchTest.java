package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.compresso.evaluate.KernelBench.Row;
import io.compresso.evaluate.KernelBench.Summary;
import io.compresso.kernel.Isa;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class KernelBenchTest {
  private static KernelBench.Options options(
      int threads, Optional<Isa> cap, List<String> families, String shape) {
    return new KernelBench.Options(
        threads, cap, families, List.of("f32", "int8"), List.of(shape), Duration.ofMillis(2));
  }

  @Test
  void run_timesBothSides_ofEveryFamilyAndType() {
    List<Row> seen = new ArrayList<>();
    List<Row> rows =
        new KernelBench(options(1, Optional.empty(), List.of(), "shufflenet-v2")).run(seen::add);
    assertThat(seen).isEqualTo(rows);
    assertThat(rows)
        .extracting(row -> row.family() + " " + row.dtype())
        .contains("gemv f32", "gemv int8", "conv f32", "conv int8", "depthwise f32");
    assertThat(rows)
        .allSatisfy(row -> {
          assertThat(row.peerDtype()).isEqualTo(row.dtype());
          assertThat(row.oursMicros()).isPositive();
          assertThat(row.peerMicros()).isPositive();
          assertThat(row.ratio()).isBetween(row.ratioLow(), row.ratioHigh());
        });
  }

  @Test
  void run_comparesWithOurOwn_underACap() {
    List<Row> rows =
        new KernelBench(
                options(2, Optional.of(Isa.VECTOR), List.of("gemm"), "square m=64 n=64 k=64"))
            .run(_ -> {});
    assertThat(rows).hasSize(2).allSatisfy(row -> assertThat(row.kernel()).endsWith("-vector"));
  }

  @Test
  void summarize_takesGeometricMeans_andNamesTheWorst() {
    List<Summary> summaries =
        KernelBench.summarize(List.of(row("square a", 0.5), row("square b", 8), row("lstm c", 2)));
    assertThat(summaries).extracting(Summary::list).containsExactly("square", "lstm", "all");
    assertThat(summaries.getFirst().ratio()).isCloseTo(2, within(1e-9));
    assertThat(summaries.getLast().worst()).isEqualTo("square a");
    assertThat(summaries.getLast().why()).isEqualTo("of square a");
    assertThat(summaries.getLast().shapes()).isEqualTo(3);
  }

  private static Row row(String shape, double ratio) {
    return new Row(
        "gemm", "f32", "f32", shape, 1, "k", 1, ratio, ratio, ratio, ratio, null, "of " + shape);
  }
}
