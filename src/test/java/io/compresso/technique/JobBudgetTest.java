package io.compresso.technique;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.data.Sample;
import io.compresso.data.SampleDigits;
import io.compresso.evaluate.SampleModel;
import io.compresso.evaluate.Target;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a job leaves out when its minutes are few, and that it says so. */
class JobBudgetTest {
  private static final int CALIBRATION = 2000;
  private static final int EVALUATION = 150;
  private static final double FEW_MINUTES = 0.05;

  @TempDir private Path work;

  private static final Model MODEL = SampleModel.train(new SampleDigits(200, 1), 1);

  /** Samples that take their time. */
  private static final class SlowDataset extends RandomDataset {
    private final Duration each;

    SlowDataset(long size, Duration each) {
      super(MODEL, size);
      this.each = each;
    }

    @Override
    public Sample get(long index) {
      LockSupport.parkNanos(each.toNanos());
      return super.get(index);
    }
  }

  private record Done(Report report, byte[] model) {}

  private Done run(double minutes, boolean goal, Duration each) throws IOException {
    Path file = work.resolve("parent.onnx");
    OnnxCodec.write(MODEL, file);
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("model", "m");
    fields.put("pipeline", List.of(Map.of("quantize", Map.of())));
    fields.put("budget", Map.of("maxMinutes", minutes));
    if (goal) {
      fields.put("goals", Map.of("accuracy", Map.of("metric", "agreement", "maxDrop", 0.5)));
    }
    JobData data =
        new JobData(
            null,
            new JobData.Bound(new SlowDataset(each.isZero() ? 32 : CALIBRATION, each)),
            new JobData.Bound(new SlowDataset(EVALUATION, each)));
    Pipeline.Result result = Pipeline.run(file, data, JobSpec.bind(fields), work, JobHost.LOCAL);
    return new Done(result.report(), Files.readAllBytes(result.model()));
  }

  private static List<String> cuts(Report report) {
    return report.notes().stream().filter(note -> note.startsWith("budget: ")).toList();
  }

  private static long compared(Report report) {
    return report.agreement().stream()
        .filter(row -> row.runtime().equals("onnxruntime"))
        .mapToLong(Report.Agreement::samples)
        .max()
        .orElseThrow();
  }

  @Test
  void job_isTheSameTwiceAndLeavesNothingOut_whenItsMinutesAreMany() throws IOException {
    Done first = run(60, false, Duration.ZERO);
    Done second = run(60, false, Duration.ZERO);
    assertThat(cuts(first.report())).isEmpty();
    assertThat(compared(first.report())).isEqualTo(EVALUATION);
    assertThat(second.model()).isEqualTo(first.model());
  }

  @Test
  void job_saysWhatItLeavesOutAndJudgesTheGateOnAllSamples_whenItsMinutesAreFew()
      throws IOException {
    Report report = run(FEW_MINUTES, true, Duration.ofMillis(4)).report();
    Pattern pattern = Pattern.compile("budget: calibration took (\\d+) of " + CALIBRATION + " .*");
    List<Long> taken = new ArrayList<>();
    for (String note : cuts(report)) {
      Matcher matcher = pattern.matcher(note);
      if (matcher.matches()) {
        taken.add(Long.parseLong(matcher.group(1)));
      }
    }
    assertThat(taken).singleElement().satisfies(count -> assertThat(count).isBetween(8L, 300L));
    assertThat(compared(report)).isEqualTo(EVALUATION);
    assertThat(report.gate()).isEqualTo("passed");
    if (Target.host().covers("auto")) {
      assertThat(cuts(report))
          .anyMatch(note -> note.startsWith("budget: latency in onnxruntime was measured for"));
      assertThat(report.latency()).isNotEmpty();
    }
  }

  @Test
  void comparison_takesFewerSamples_whenNoGateNeedsThem() throws IOException {
    Report report = run(FEW_MINUTES / 2, false, Duration.ofMillis(20)).report();
    assertThat(cuts(report))
        .anyMatch(note -> note.startsWith("budget: models were compared in onnxruntime on "));
    assertThat(compared(report)).isLessThan(EVALUATION);
  }
}
