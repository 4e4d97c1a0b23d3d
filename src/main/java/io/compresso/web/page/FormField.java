package io.compresso.web.page;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A field of a technique's form, made from its JSON schema.
 *
 * @param path its name with those of the objects around it, as in {@code weights.bits}
 * @param kind {@code string}, {@code boolean}, {@code integer}, {@code number} or {@code list}
 * @param options the only values allowed; empty when there are others
 */
public record FormField(
    String path,
    String kind,
    String description,
    List<String> options,
    String byDefault,
    @Nullable String minimum,
    @Nullable String maximum) {

  public boolean isNumeric() {
    return kind.equals("integer") || kind.equals("number");
  }

  /** The fields of a schema, those of nested objects with their path. */
  static List<FormField> of(JsonNode schema) {
    List<FormField> fields = new ArrayList<>();
    collect("", schema, fields);
    return fields;
  }

  private static void collect(String prefix, JsonNode schema, List<FormField> fields) {
    schema
        .path("properties")
        .propertyStream()
        .forEach(property -> {
          String path = prefix + property.getKey();
          JsonNode declared = property.getValue();
          if (declared.has("properties")) {
            collect(path + ".", declared, fields);
          } else {
            fields.add(field(path, declared));
          }
        });
  }

  private static FormField field(String path, JsonNode schema) {
    String kind = schema.path("type").asString("list");
    List<String> options =
        kind.equals("boolean")
            ? List.of("true", "false")
            : schema.path("enum").valueStream().map(JsonNode::asString).toList();
    return new FormField(
        path,
        kind.equals("array") ? "list" : kind,
        schema.path("description").asString(""),
        options,
        schema.path("default").isValueNode() ? schema.path("default").asString("") : "",
        schema.has("minimum") ? schema.path("minimum").asString() : null,
        schema.has("maximum") ? schema.path("maximum").asString() : null);
  }

  /** Puts a form's text into a job, with the type that the schema asks for; nothing when blank. */
  void put(ObjectNode parameters, @Nullable String text) {
    if (text == null || text.isBlank()) {
      return;
    }
    String[] names = path.split("\\.");
    ObjectNode owner = parameters;
    for (int i = 0; i < names.length - 1; i++) {
      owner = owner.withObject("/" + names[i]);
    }
    String name = names[names.length - 1];
    switch (kind) {
      case "boolean" -> owner.put(name, Boolean.parseBoolean(text));
      case "integer", "number" -> Numbers.put(owner, name, text);
      case "list" -> {
        var list = owner.putArray(name);
        for (String item : text.split(",")) {
          if (!item.isBlank()) {
            list.add(item.strip());
          }
        }
      }
      default -> owner.put(name, text.strip());
    }
  }
}
