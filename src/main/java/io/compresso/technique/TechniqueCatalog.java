package io.compresso.technique;

import io.compresso.technique.quantize.Quantize;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Every technique, one line each, and the pipelines that have a name. */
public final class TechniqueCatalog {
  private static final List<Technique<?>> TECHNIQUES = List.of(new Quantize());

  private static final List<Preset> PRESETS =
      List.of(
          preset(
              "balanced",
              "Static int8 with per-channel weights: small, fast where the CPU has int8 instructions,"
                  + " and close to the parent.",
              Map.of("mode", "static")),
          preset(
              "fastest",
              "Static int8 with per-tensor weights and min-max ranges: the simplest integer graph.",
              Map.of(
                  "mode",
                  "static",
                  "weights",
                  Map.of("perChannel", false),
                  "activations",
                  Map.of("observer", "min-max"))),
          preset(
              "accurate",
              "Static int8 that leaves the layers that hurt most in fp32.",
              Map.of("mode", "static", "exclude", "auto")),
          preset(
              "no-data",
              "Dynamic int8 of matrix products, recurrent layers and embeddings: needs no calibration"
                  + " data.",
              Map.of("mode", "dynamic")),
          preset(
              "half",
              "fp16 where the values fit it, fp32 elsewhere: half the size, hardly any loss.",
              Map.of("mode", "fp16")),
          preset(
              "smallest",
              "4-bit weights of matrix products in blocks of 32, embeddings in 8 bits: needs no"
                  + " calibration data.",
              Map.of("mode", "weight-only", "weights", Map.of("bits", 4))));

  private TechniqueCatalog() {}

  /** All techniques. */
  public static List<Technique<?>> all() {
    return TECHNIQUES;
  }

  /** The technique of that name. */
  public static Optional<Technique<?>> find(String id) {
    return TECHNIQUES.stream().filter(technique -> technique.id().equals(id)).findFirst();
  }

  /** All pipelines that have a name. */
  public static List<Preset> presets() {
    return PRESETS;
  }

  /**
   * The preset of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Preset preset(String name) {
    return PRESETS.stream()
        .filter(preset -> preset.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no preset '" + name + "'"));
  }

  static List<String> presetNames() {
    return PRESETS.stream().map(Preset::name).toList();
  }

  /** Every parameter of a technique, in the record's order. */
  public static List<ParamDoc> docs(Technique<?> technique) {
    return RecordSchema.docs(technique.parameters());
  }

  /** The JSON schema (draft 2020-12) of a technique's parameters, as plain maps. */
  public static Map<String, Object> schema(Technique<?> technique) {
    return RecordSchema.of(technique.parameters(), Map.of());
  }

  /** The JSON schema (draft 2020-12) of a job, as plain maps. */
  public static Map<String, Object> schema() {
    Map<String, Object> steps = new LinkedHashMap<>();
    for (Technique<?> technique : TECHNIQUES) {
      Map<String, Object> parameters = new LinkedHashMap<>();
      parameters.put("description", technique.description());
      parameters.putAll(schema(technique));
      steps.put(technique.id(), parameters);
    }
    Map<String, Object> step = new LinkedHashMap<>();
    step.put("type", "object");
    step.put("properties", steps);
    step.put("minProperties", 1);
    step.put("maxProperties", 1);
    step.put("additionalProperties", false);
    Map<String, Object> schema = RecordSchema.of(JobSpec.class, Map.of(JobSpec.Step.class, step));
    if (schema.get("properties") instanceof Map<?, ?> properties
        && properties.get("preset") instanceof Map<?, ?> preset) {
      Map<String, Object> choice = new LinkedHashMap<>();
      preset.forEach((key, value) -> choice.put(String.valueOf(key), value));
      choice.put("enum", presetNames());
      Map<String, Object> fields = new LinkedHashMap<>();
      properties.forEach((key, value) -> fields.put(String.valueOf(key), value));
      fields.put("preset", choice);
      schema.put("properties", fields);
    }
    return schema;
  }

  static JobSpec.@Nullable Step bindStep(@Nullable Object value, String path, RecordBinder binder) {
    String known = String.join(", ", TECHNIQUES.stream().map(Technique::id).toList());
    if (!(value instanceof Map<?, ?> map) || map.size() != 1) {
      binder.problem(
          path, "must be an object with one field, the technique's name, one of " + known);
      return null;
    }
    Map.Entry<?, ?> entry = map.entrySet().iterator().next();
    String id = String.valueOf(entry.getKey());
    String at = RecordBinder.join(path, id);
    Technique<?> technique = find(id).orElse(null);
    if (technique == null) {
      binder.problem(at, "unknown technique; known: " + known);
      return null;
    }
    Object fields = entry.getValue() == null ? Map.of() : entry.getValue();
    Record parameters = binder.record(technique.parameters(), fields, at);
    return parameters == null ? null : new JobSpec.Step(id, parameters);
  }

  private static Preset preset(String name, String description, Map<String, ?> quantize) {
    Record parameters = RecordBinder.bind(new Quantize().parameters(), quantize);
    return new Preset(name, description, List.of(new JobSpec.Step("quantize", parameters)));
  }
}
