package io.compresso.web.openapi;

import io.swagger.v3.oas.models.media.Schema;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes of one nested JSON schema many with names, as clients generated from the document need
 * them, and gives each property an example.
 */
final class NamedSchemas {
  /** Names by path; other nested objects are called by their path. */
  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("JobSpec.data", "JobData"),
          Map.entry("JobSpec.data.train", "DataReference"),
          Map.entry("JobSpec.data.calibration", "DataReference"),
          Map.entry("JobSpec.data.eval", "DataReference"),
          Map.entry("JobSpec.data.train.object", "DatasetSelection"),
          Map.entry("JobSpec.data.train.object.select", "Selection"),
          Map.entry("JobSpec.pipeline", "PipelineStep"),
          Map.entry("JobSpec.pipeline.quantize", "QuantizeParameters"),
          Map.entry("JobSpec.goals", "Goals"),
          Map.entry("JobSpec.goals.accuracy", "AccuracyGoal"),
          Map.entry("JobSpec.goals.latency", "LatencyGoal"),
          Map.entry("JobSpec.goals.size", "SizeGoal"),
          Map.entry("JobSpec.budget", "Budget"),
          Map.entry("DatasetSpec.image", "ImageSpec"),
          Map.entry("DatasetSpec.audio", "AudioSpec"),
          Map.entry("DatasetSpec.text", "TextSpec"),
          Map.entry("DatasetSpec.csv", "CsvSpec"),
          Map.entry("DatasetSpec.fields", "FieldSpec"));

  private final Map<String, Schema<?>> components;

  private NamedSchemas(Map<String, Schema<?>> components) {
    this.components = components;
  }

  /**
   * Puts a schema and every object in it under names.
   *
   * @param components takes the named schemas
   */
  static void name(String name, Schema<?> schema, Map<String, Schema<?>> components) {
    components.put(name, new NamedSchemas(components).object(name, schema));
  }

  @SuppressWarnings({"rawtypes", "unchecked"})
  private Schema<?> object(String path, Schema<?> schema) {
    if (schema.getProperties() == null) {
      return schema;
    }
    if (schema.getDescription() == null) {
      schema.setDescription("A job: what to compress, how, on what data, and what is asked of it");
    }
    Map<String, Schema> properties = new LinkedHashMap<>();
    schema
        .getProperties()
        .forEach((name, property) -> properties.put(name, hoisted(path + "." + name, property)));
    schema.setProperties(properties);
    return schema;
  }

  @SuppressWarnings({"rawtypes", "unchecked"})
  private Schema<?> hoisted(String path, Schema<?> schema) {
    if (schema.getOneOf() != null) {
      for (Schema choice : schema.getOneOf()) {
        if (choice.getItems() != null) {
          return list(path, schema, choice);
        }
      }
    }
    if (schema.getItems() != null) {
      schema.setItems(hoisted(path, schema.getItems()));
    } else if (schema.getOneOf() != null
        && schema.getOneOf().stream().anyMatch(choice -> choice.getProperties() != null)) {
      return reference(
          path,
          schema,
          () -> {
            List<Schema> choices = new ArrayList<>();
            for (Schema choice : schema.getOneOf()) {
              choices.add(hoisted(path + ".object", choice));
            }
            schema.setOneOf(choices);
            return schema;
          });
    } else if (schema.getProperties() != null) {
      return reference(path, schema, () -> object(path, schema));
    } else if (schema.get$ref() == null) {
      if ("integer".equals(schema.getType()) && schema.getFormat() == null) {
        schema.setFormat("int64");
      }
      if (schema.getExample() == null) {
        ((Schema) schema).setExample(example(path, schema));
      }
    }
    return schema;
  }

  /** Where a value may stand for a list of one, clients are told of the list alone. */
  @SuppressWarnings("rawtypes")
  private Schema<?> list(String path, Schema<?> either, Schema<?> list) {
    Schema<?> result = list;
    result.setDescription(either.getDescription());
    Schema items = hoisted(path, list.getItems());
    items.setExample(null);
    result.setItems(items);
    if (either.getDefault() != null) {
      result.setDefault(List.of());
    }
    ((Schema) result).setExample(List.of("conv1"));
    return result;
  }

  private Schema<?> reference(String path, Schema<?> schema, Supplier<Schema<?>> named) {
    String name = NAMES.containsKey(path) ? NAMES.get(path) : camelCase(path);
    if (!components.containsKey(name)) {
      components.put(name, schema);
      components.put(name, named.get());
    }
    return new Schema<>().$ref("#/components/schemas/" + name);
  }

  private static @Nullable Object example(String path, Schema<?> schema) {
    if (schema.getDefault() != null && !"".equals(schema.getDefault())) {
      return schema.getDefault();
    }
    if (schema.getEnum() != null) {
      return schema.getEnum().getFirst();
    }
    if (path.endsWith(".model") || path.endsWith(".dataset")) {
      return "019a8f3c-7c1e-7000-8000-6d1f2a3b4c5d";
    }
    return switch (schema.getType()) {
      case "integer" -> 1;
      case "number" -> 0.5;
      case "boolean" -> true;
      case null, default -> path.substring(path.lastIndexOf('.') + 1);
    };
  }

  private static String camelCase(String path) {
    StringBuilder name = new StringBuilder();
    for (String word : path.split("[^A-Za-z0-9]+")) {
      name.append(word.substring(0, 1).toUpperCase(Locale.ROOT)).append(word.substring(1));
    }
    return name.toString();
  }
}
