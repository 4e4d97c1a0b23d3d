package io.compresso.technique;

import io.compresso.data.Selection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A job: which model to compress, how, on what data, and what is asked of the result.
 *
 * @param pipeline the steps in order; those of the preset when the job gives none
 */
public record JobSpec(
    @Param(value = "A name for people.", byDefault = "") String name,
    @Param("The id of the model to compress.") String model,
    @Param("The data sets that the job uses.") Data data,
    @Param(
            value = "The CPU that the result is for; auto is the one that the job runs on.",
            byDefault = "auto",
            oneOf = {
              "auto",
              "x86-64",
              "x86-avx2",
              "x86-avxvnni",
              "x86-avx512",
              "x86-avx512vnni",
              "x86-amx",
              "arm64-neon",
              "arm64-dotprod",
              "arm64-i8mm"
            })
        String target,
    @Param("A pipeline by name, when the job gives no pipeline of its own.")
        @Nullable String preset,
    @Param("The techniques to apply, in order.") List<Step> pipeline,
    @Param("What the result must reach for the job's gate to pass.") Goals goals,
    @Param("How much the job may spend.") Budget budget,
    @Param(
            value = "The seed of everything random; the same job gives the same bytes.",
            byDefault = "42",
            min = 0)
        long seed) {

  /** The data sets of a job. */
  public record Data(
      @Param("Data to train on.") @Nullable DataRef train,
      @Param("Data on which ranges of activations are observed.") @Nullable DataRef calibration,
      @Param("Labelled or unlabelled data on which parent and result are compared.")
          @Nullable DataRef eval) {
    public static final Data NONE = new Data(null, null, null);
  }

  /** A data set, or a selection of its samples. */
  public record DataRef(
      @Param(value = "The id of the data set.", shorthand = true) String dataset,
      @Param("Which of its samples; all when absent.") @Nullable Select select,
      @Param("For inputs of the model whose names differ from the data's: input to field.")
          Map<String, String> fields) {}

  /** Which samples of a data set; see {@link Selection}. */
  public record Select(
      @Param(value = "The first position, from 0.", byDefault = "0", min = 0) long from,
      @Param(value = "The end, excluded; the last when absent.", min = 1) @Nullable Long to,
      @Param(value = "Every which position.", byDefault = "1", min = 1) long step,
      @Param(value = "Whether positions are counted within each class.", byDefault = "false")
          boolean perClass,
      @Param(value = "A seed to shuffle by first.", min = 0) @Nullable Long shuffle,
      @Param(value = "The part of what is left to take.", byDefault = "1", min = 0, max = 1)
          double fraction,
      @Param(value = "Whether to take the other samples instead.", byDefault = "false")
          boolean rest) {
    public Select {
      if (to != null && to <= from) {
        throw new IllegalArgumentException("to must be above from = " + from + ", not " + to);
      }
      if (!(fraction > 0)) {
        throw new IllegalArgumentException("fraction must be above 0");
      }
    }

    /** The selection, to give to {@link io.compresso.data.Dataset#select}. */
    public Selection toSelection() {
      return new Selection(from, to, step, perClass, shuffle, fraction, rest);
    }
  }

  /** What is asked of the result; a goal that is absent is not checked. */
  public record Goals(
      @Param("How much accuracy may be lost.") @Nullable AccuracyGoal accuracy,
      @Param("How much faster the result must be.") @Nullable LatencyGoal latency,
      @Param("How small the result must be.") @Nullable SizeGoal size) {
    public static final Goals NONE = new Goals(null, null, null);

    public boolean isEmpty() {
      return accuracy == null && latency == null && size == null;
    }
  }

  /** A bound on the loss of accuracy. */
  public record AccuracyGoal(
      @Param(
              value = "The figure that is compared.",
              byDefault = "top1",
              oneOf = {"top1", "top5", "f1", "auc", "mae", "agreement"})
          String metric,
      @Param(
              value = "The largest loss, as a fraction: 0.01 is one point of top-1.",
              min = 0,
              max = 1)
          double maxDrop) {}

  /** A bound on latency. */
  public record LatencyGoal(
      @Param(value = "Median of parent time / result time, at least.", min = 0, max = 1000)
          double minSpeedup,
      @Param(value = "The runtime in which it is measured.", byDefault = "onnxruntime")
          Runtime runtime) {}

  /** A runtime that latency is measured in. */
  public enum Runtime {
    ONNXRUNTIME,
    COMPRESSO
  }

  /** A bound on size. */
  public record SizeGoal(
      @Param(
              value = "Bytes of the result's file / bytes of the parent's, at most.",
              min = 0,
              max = 1)
          double maxRatio) {}

  /** How much a job may spend; a search ends with the best it has found. */
  public record Budget(
      @Param(value = "Variants that a search may try.", byDefault = "20", min = 1, max = 10000)
          int maxTrials,
      @Param(
              value =
                  "Minutes that the job may run. Where they are few, calibration takes fewer samples"
                      + " and the last measurement fewer repetitions, which the report's notes say;"
                      + " a goal for accuracy is always judged on all samples.",
              byDefault = "60",
              min = 0.01,
              max = 10080)
          double maxMinutes,
      @Param(
              value = "Megabytes of memory that the job's process may take.",
              byDefault = "4096",
              min = 256,
              max = 1048576)
          int maxMemoryMb) {
    public static final Budget DEFAULT = new Budget(20, 60, 4096);
  }

  /**
   * One step of a pipeline: in a job, an object with the technique's name as its only field.
   *
   * @param parameters of the record type that the technique declares
   */
  public record Step(String technique, Record parameters) {
    Map<String, Object> toMap() {
      return Map.of(technique, RecordBinder.toMap(parameters));
    }
  }

  /**
   * The job that {@code fields} describes, its preset expanded.
   *
   * @throws JobException with every unknown field, wrong type and value out of range
   */
  public static JobSpec bind(Map<String, ?> fields) {
    RecordBinder binder = new RecordBinder(Map.of(Step.class, TechniqueCatalog::bindStep));
    JobSpec bound = binder.record(JobSpec.class, fields, "");
    if (fields.get("preset") instanceof String preset) {
      if (TechniqueCatalog.presets().stream().noneMatch(known -> known.name().equals(preset))) {
        binder.problem(
            "preset", "must be one of " + String.join(", ", TechniqueCatalog.presetNames()));
      } else if (bound != null && !bound.pipeline.isEmpty()) {
        binder.problem("preset", "must not be given together with a pipeline");
      }
    } else if (bound != null && bound.pipeline.isEmpty() && bound.preset == null) {
      binder.problem("pipeline", "is required when there is no preset");
    }
    JobSpec spec = binder.finish(bound);
    return spec.pipeline.isEmpty() && spec.preset != null
        ? spec.withPipeline(TechniqueCatalog.preset(spec.preset).pipeline())
        : spec;
  }

  /**
   * A job of one step, everything else by default.
   *
   * @throws JobException if the technique or a parameter is not known
   */
  public static JobSpec of(String technique, Map<String, ?> parameters) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("model", "local");
    fields.put("pipeline", List.of(Map.of(technique, parameters)));
    return bind(fields);
  }

  public JobSpec withPipeline(List<Step> steps) {
    return new JobSpec(name, model, data, target, preset, steps, goals, budget, seed);
  }

  /** The job as plain maps, with every default and without the preset that it was made from. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = RecordBinder.toMap(this);
    if (!pipeline.isEmpty()) {
      map.remove("preset");
    }
    return map;
  }
}
