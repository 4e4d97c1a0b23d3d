package io.compresso.technique;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.data.Sample;
import io.compresso.data.SampleDigits;
import io.compresso.evaluate.SampleModel;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs whose goals nothing meets end in time and say why. */
class UnreachableGoalTest {
  private static final double MINUTES = 3;

  @TempDir private Path work;

  private Model model() {
    return SampleModel.train(new SampleDigits(200, 1), 1);
  }

  /** Samples that take their time. */
  private static final class SlowDataset extends RandomDataset {
    private final long millis;
    private final AtomicLong taken = new AtomicLong();

    SlowDataset(Model model, long size, long millis) {
      super(model, size);
      this.millis = millis;
    }

    @Override
    public Sample get(long index) {
      taken.incrementAndGet();
      LockSupport.parkNanos(Duration.ofMillis(millis).toNanos());
      return super.get(index);
    }
  }

  @Test
  void job_failsItsGateWithinTheBudget_andNamesVariantsAndLayers() throws Exception {
    Model model = model();
    Path file = work.resolve("parent.onnx");
    OnnxCodec.write(model, file);
    JobSpec spec =
        JobSpec.bind(
            Map.of(
                "model", "m",
                "target", "arm64-dotprod",
                "pipeline", List.of(Map.of("quantize", Map.of("exclude", List.of("auto")))),
                "goals",
                    Map.of(
                        "accuracy", Map.of("metric", "agreement", "maxDrop", 0),
                        "size", Map.of("maxRatio", 0.01)),
                "budget", Map.of("maxTrials", 6, "maxMinutes", MINUTES)));
    JobData data =
        new JobData(
            null,
            new JobData.Bound(new RandomDataset(model, 16)),
            new JobData.Bound(new RandomDataset(model, 200)));
    long start = System.nanoTime();
    Report report = Pipeline.run(file, data, spec, work, JobHost.LOCAL).report();
    double minutes = (System.nanoTime() - start) / 60e9;
    assertThat(minutes).isLessThan(MINUTES);
    assertThat(report.gate()).isEqualTo("failed");
    assertThat(report.verdict().result()).isEqualTo("not better");
    assertThat(report.goals())
        .filteredOn(goal -> goal.goal().equals("size.maxRatio"))
        .extracting(Report.GoalResult::reached)
        .containsExactly(false);
    assertThat(report.variants())
        .filteredOn(variant -> variant.role().equals("tried"))
        .isNotEmpty()
        .allSatisfy(variant -> assertThat(variant.drop()).isNotNull());
    assertThat(report.verdict().reasons())
        .anyMatch(reason -> reason.startsWith("goal size.maxRatio"))
        .anyMatch(reason -> reason.startsWith("the layers that hurt most"));
    assertThat(report.layers()).filteredOn(layer -> layer.sqnrDb() != null).isNotEmpty();
  }

  @Test
  void trial_isGivenUp_whenItsDeadlinePasses() throws Exception {
    Model model = model();
    Path file = work.resolve("parent.onnx");
    OnnxCodec.write(model, file);
    SlowDataset slowData = new SlowDataset(model, 100_000, 5);
    JobData.Bound slow = new JobData.Bound(slowData);
    List<Report.Variant> tried = new ArrayList<>();
    Objective objective =
        new GoalObjective(
            new JobSpec.AccuracyGoal("agreement", 0),
            file,
            slow,
            work,
            JobHost.LOCAL,
            new GoalObjective.Trials(tried, false));
    long deadline = System.nanoTime() + Duration.ofSeconds(1).toNanos();
    assertThatThrownBy(() -> objective.drop(model, "slow", deadline))
        .isInstanceOf(Objective.OutOfTimeException.class);
    assertThatThrownBy(() -> objective.quickDrop(model, deadline))
        .isInstanceOf(Objective.OutOfTimeException.class);
    assertThat(slowData.taken)
        .as("samples that were taken of %d", slowData.size())
        .hasValueLessThan(10_000);
    assertThat(tried).isEmpty();
  }
}
