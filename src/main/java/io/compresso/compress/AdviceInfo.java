package io.compresso.compress;

import io.compresso.technique.Advice;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** {@link Advice} as the service gives it. */
public record AdviceInfo(
    String target,
    Profile profile,
    List<Recommendation> recommendations,
    List<Outcome> outcomes,
    List<String> notes) {
  /** An estimate of the advice, and what a job measured; null when it did not. */
  public record Outcome(
      UUID job,
      String advice,
      String quantity,
      double estimate,
      @Nullable Double measured,
      @Nullable Double ratio) {}

  /** What the model consists of, as {@link Advice.Profile} has it. */
  public record Profile(
      String kind,
      long parameters,
      long weightBytes,
      long macs,
      Map<String, Double> shares,
      boolean quantized) {}

  /** One technique to try; the estimates are null when there is no ground for them. */
  public record Recommendation(
      String title,
      Map<String, Object> step,
      List<String> reasons,
      List<String> needs,
      @Nullable Double sizeRatio,
      @Nullable Double speedup) {}

  static AdviceInfo of(Advice advice, List<Outcome> outcomes) {
    Advice.Profile profile = advice.profile();
    return new AdviceInfo(
        advice.target(),
        new Profile(
            profile.kind().name().toLowerCase(Locale.ROOT),
            profile.parameters(),
            profile.weightBytes(),
            profile.macs(),
            profile.shares(),
            profile.quantized()),
        advice.recommendations().stream().map(AdviceInfo::recommendation).toList(),
        outcomes,
        advice.notes());
  }

  private static Recommendation recommendation(Advice.Recommendation given) {
    Advice.Expectation expected = given.expected();
    return new Recommendation(
        given.title(),
        given.step(),
        given.reasons(),
        given.needs(),
        expected == null ? null : expected.sizeRatio(),
        expected == null ? null : expected.speedup());
  }
}
