package io.compresso.compress;

import io.compresso.store.StoredJson;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The service's own JSON, in the database and between processes. */
final class Json {
  static final JsonMapper MAPPER = StoredJson.mapper();

  private Json() {}

  static String write(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  static JsonNode tree(String json) {
    return MAPPER.readTree(json);
  }

  /** Text that is equal for equal values, whatever the order of an object's members. */
  static String canonical(JsonNode value) {
    return switch (value.getNodeType()) {
      case OBJECT ->
          value
              .propertyStream()
              .sorted(Map.Entry.comparingByKey())
              .map(member -> write(member.getKey()) + ":" + canonical(member.getValue()))
              .collect(Collectors.joining(",", "{", "}"));
      case ARRAY ->
          value.valueStream().map(Json::canonical).collect(Collectors.joining(",", "[", "]"));
      default -> value.toString();
    };
  }

  /** The JSON pointer of a path such as {@code pipeline[0].quantize}. */
  static String pointer(String path) {
    return path.isEmpty() ? "" : "/" + path.replace("]", "").replace('[', '/').replace('.', '/');
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws JacksonException when it is not that
   */
  static <T> T read(String json, Class<T> type) {
    return MAPPER.readValue(json, type);
  }
}
