package io.compresso.web.api;

import static io.swagger.v3.oas.annotations.media.Schema.RequiredMode.REQUIRED;

import io.compresso.compress.AdviceInfo;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What to try first on a model. */
@Schema(name = "Advice", description = "What to try first on a model, and why")
public record AdviceResource(
    @Schema(
            description = "The CPU that the advice is for",
            example = "x86-avx512vnni",
            requiredMode = REQUIRED)
        String target,
    @Schema(description = "What the model consists of", requiredMode = REQUIRED)
        ModelProfile profile,
    @Schema(description = "What to try, the one to try first in front", requiredMode = REQUIRED)
        List<Recommendation> recommendations,
    @Schema(
            description =
                "What jobs on this model measured of earlier estimates for this target, the newest"
                    + " first",
            requiredMode = REQUIRED)
        List<Outcome> outcomes,
    @Schema(
            description = "What the figures rest on, and what stands in the way",
            example =
                "[\"sizes and speeds are estimates for x86-avx512vnni; a job measures them\"]",
            requiredMode = REQUIRED)
        List<String> notes) {

  /** What a model consists of. */
  @Schema(name = "ModelProfile", description = "What a model consists of")
  public record ModelProfile(
      @Schema(
              description = "What takes most of its arithmetic",
              example = "convolutional",
              allowableValues = {
                "convolutional",
                "depthwise",
                "transformer",
                "recurrent",
                "dense",
                "other"
              },
              requiredMode = REQUIRED)
          String kind,
      @Schema(description = "Elements of its weights", example = "78666", requiredMode = REQUIRED)
          long parameters,
      @Schema(description = "Bytes of its weights", example = "314664", requiredMode = REQUIRED)
          long weightBytes,
      @Schema(
              description = "Multiply-accumulates of one inference",
              example = "12501632",
              requiredMode = REQUIRED)
          long macs,
      @Schema(
              description = "The part of the arithmetic that each kind of work has",
              example = "{\"conv\": 0.99, \"matmul\": 0.01}",
              requiredMode = REQUIRED)
          Map<String, Double> shares,
      @Schema(
              description = "Whether it is quantized already",
              example = "false",
              requiredMode = REQUIRED)
          boolean quantized) {}

  /** One technique to try. */
  @Schema(name = "Recommendation", description = "One technique to try")
  public record Recommendation(
      @Schema(description = "What it is", example = "static int8", requiredMode = REQUIRED)
          String title,
      @Schema(
              description = "An element of a job's pipeline",
              example = "{\"quantize\": {\"mode\": \"static\"}}",
              requiredMode = REQUIRED)
          Map<String, Object> step,
      @Schema(
              description = "Why",
              example = "[\"convolutions are 99 % of the arithmetic\"]",
              requiredMode = REQUIRED)
          List<String> reasons,
      @Schema(
              description = "What is missing for it",
              example = "[\"100 to 500 examples of the model's inputs as calibration data\"]",
              requiredMode = REQUIRED)
          List<String> needs,
      @Schema(description = "What is expected before anything is measured")
          @Nullable Expectation expected) {}

  /** What became of an estimate. */
  @Schema(name = "AdviceOutcome", description = "An earlier estimate and what a job measured")
  public record Outcome(
      @Schema(
              description = "The job",
              example = "019a8f40-11aa-7000-8000-0a0b0c0d0e0f",
              requiredMode = REQUIRED)
          UUID job,
      @Schema(description = "The advice", example = "static int8", requiredMode = REQUIRED)
          String advice,
      @Schema(
              description = "size (result / parent) or speedup (parent / result)",
              example = "size",
              allowableValues = {"size", "speedup"},
              requiredMode = REQUIRED)
          String quantity,
      @Schema(description = "The estimate", example = "0.26", requiredMode = REQUIRED)
          double estimate,
      @Schema(
              description = "What was measured; null when it was not",
              example = "0.28",
              nullable = true)
          @Nullable Double measured,
      @Schema(description = "Measured / estimate", example = "1.08", nullable = true)
          @Nullable Double ratio) {}

  /** An estimate. */
  @Schema(name = "Expectation", description = "An estimate of what a job will measure")
  public record Expectation(
      @Schema(
              description = "Size of the result over the parent's",
              example = "0.26",
              requiredMode = REQUIRED)
          double sizeRatio,
      @Schema(
              description = "Time of the parent over the result's, one inference in our engine",
              example = "2.4",
              requiredMode = REQUIRED)
          double speedup) {}

  static AdviceResource of(AdviceInfo advice) {
    AdviceInfo.Profile profile = advice.profile();
    return new AdviceResource(
        advice.target(),
        new ModelProfile(
            profile.kind(),
            profile.parameters(),
            profile.weightBytes(),
            profile.macs(),
            profile.shares(),
            profile.quantized()),
        advice.recommendations().stream().map(AdviceResource::recommendation).toList(),
        advice.outcomes().stream()
            .map(given ->
                new Outcome(
                    given.job(),
                    given.advice(),
                    given.quantity(),
                    given.estimate(),
                    given.measured(),
                    given.ratio()))
            .toList(),
        advice.notes());
  }

  private static Recommendation recommendation(AdviceInfo.Recommendation given) {
    Double size = given.sizeRatio();
    Double speedup = given.speedup();
    return new Recommendation(
        given.title(),
        given.step(),
        given.reasons(),
        given.needs(),
        size == null || speedup == null ? null : new Expectation(size, speedup));
  }
}
