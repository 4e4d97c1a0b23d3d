package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class LatencyBenchTest {
  private static final LatencyOptions SHORT =
      new LatencyOptions(Duration.ZERO, Duration.ZERO, 6, 6);

  @Test
  void runs_areTakenInTurns_theFirstChanging() {
    List<String> order = new ArrayList<>();
    LatencyBench.time(() -> order.add("a"), () -> order.add("b"), SHORT);
    assertThat(String.join("", order)).isEqualTo("aaabbb" + "abbaabbaabba");
  }

  @Test
  void slowerSecond_hasARatioBelowOne() {
    LatencyBench.Pairs pairs =
        LatencyBench.time(
            () -> LockSupport.parkNanos(2_000_000), () -> LockSupport.parkNanos(20_000_000), SHORT);
    assertThat(pairs.first()).hasSize(6);
    assertThat(pairs.ratio().median()).isLessThan(0.8);
    assertThat(pairs.ratio().low()).isLessThanOrEqualTo(pairs.ratio().median());
    assertThat(pairs.ratio().high()).isGreaterThanOrEqualTo(pairs.ratio().median());
  }

  @Test
  void measuring_endsByTimeOnceTheFewestPairsAreThere() {
    LatencyOptions options =
        new LatencyOptions(Duration.ofMillis(1), Duration.ofMillis(50), 2, 1_000_000);
    int pairs =
        LatencyBench.time(
                () -> LockSupport.parkNanos(1_000_000),
                () -> LockSupport.parkNanos(1_000_000),
                options)
            .first()
            .length;
    assertThat(pairs).isBetween(2, 50);
  }
}
