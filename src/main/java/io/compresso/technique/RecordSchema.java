package io.compresso.technique;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON schema (2020-12) and documentation of records whose components carry {@link Param}. */
final class RecordSchema {
  private RecordSchema() {}

  /** The schema of a record as plain maps; {@code custom} gives schemas of types of its own. */
  static Map<String, Object> of(Class<?> type, Map<Class<?>, Map<String, Object>> customs) {
    Map<String, Object> properties = new LinkedHashMap<>();
    List<String> required = new ArrayList<>();
    for (RecordComponent component : type.getRecordComponents()) {
      Param param = component.getAnnotation(Param.class);
      Map<String, Object> schema = new LinkedHashMap<>();
      if (param != null) {
        schema.put("description", param.value());
      }
      schema.putAll(typeOf(component.getGenericType(), param, customs));
      if (hasDefault(param)) {
        schema.put("default", RecordBinder.defaultValue(component.getType(), param.byDefault()));
      } else if (isRequired(component, customs)) {
        required.add(component.getName());
      }
      properties.put(component.getName(), schema);
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("type", "object");
    object.put("properties", properties);
    if (!required.isEmpty()) {
      object.put("required", required);
    }
    object.put("additionalProperties", false);
    String shorthand = RecordBinder.shorthand(type.getRecordComponents());
    if (shorthand == null) {
      return object;
    }
    Map<String, Object> plain = new LinkedHashMap<>(asMap(properties.get(shorthand)));
    plain.remove("description");
    return Map.of("oneOf", List.of(plain, object));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> asMap(@Nullable Object value) {
    return value instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
  }

  private static boolean hasDefault(@Nullable Param param) {
    return param != null && !param.byDefault().equals(Param.NONE);
  }

  private static boolean isRequired(
      RecordComponent component, Map<Class<?>, Map<String, Object>> customs) {
    Class<?> type = component.getType();
    if (RecordBinder.isNullable(component) || type == List.class || type == Map.class) {
      return false;
    }
    return !type.isRecord()
        || customs.containsKey(type)
        || Arrays.stream(type.getRecordComponents())
            .anyMatch(inner ->
                !hasDefault(inner.getAnnotation(Param.class)) && isRequired(inner, customs));
  }

  private static Map<String, Object> typeOf(
      Type type, @Nullable Param param, Map<Class<?>, Map<String, Object>> customs) {
    if (type instanceof ParameterizedType list) {
      if (list.getRawType() == Map.class) {
        return Map.of("type", "object", "additionalProperties", Map.of("type", "string"));
      }
      Map<String, Object> items = typeOf(list.getActualTypeArguments()[0], param, customs);
      Map<String, Object> array = new LinkedHashMap<>();
      array.put("type", "array");
      array.put("items", items);
      return items.get("type") instanceof String scalar && !scalar.equals("object")
          ? new LinkedHashMap<>(Map.of("oneOf", List.of(items, array)))
          : array;
    }
    Class<?> raw = (Class<?>) type;
    Map<String, Object> custom = customs.get(raw);
    if (custom != null) {
      return custom;
    }
    if (raw.isRecord()) {
      return of(raw, customs);
    }
    Map<String, Object> schema = new LinkedHashMap<>();
    if (raw.isEnum()) {
      schema.put("type", "string");
      schema.put("enum", RecordBinder.enumNames(raw));
    } else if (raw == String.class) {
      schema.put("type", "string");
      if (param != null && param.oneOf().length > 0) {
        schema.put("enum", List.of(param.oneOf()));
      }
    } else if (raw == boolean.class || raw == Boolean.class) {
      schema.put("type", "boolean");
    } else {
      boolean whole = raw != double.class && raw != Double.class;
      schema.put("type", whole ? "integer" : "number");
      if (param != null && !Double.isInfinite(param.min())) {
        schema.put("minimum", whole ? (Object) (long) param.min() : (Object) param.min());
      }
      if (param != null && !Double.isInfinite(param.max())) {
        schema.put("maximum", whole ? (Object) (long) param.max() : (Object) param.max());
      }
    }
    return schema;
  }

  /** One line of documentation for each field, nested fields with their path. */
  static List<ParamDoc> docs(Class<?> type) {
    List<ParamDoc> docs = new ArrayList<>();
    collect(type, "", docs);
    return docs;
  }

  private static void collect(Class<?> type, String prefix, List<ParamDoc> docs) {
    for (RecordComponent component : type.getRecordComponents()) {
      String path = prefix + component.getName();
      Param param = component.getAnnotation(Param.class);
      if (component.getType().isRecord()) {
        collect(component.getType(), path + ".", docs);
        continue;
      }
      docs.add(
          new ParamDoc(
              path,
              typeName(component.getGenericType()),
              allowed(component.getGenericType(), param),
              hasDefault(param) ? param.byDefault() : "",
              param == null ? "" : param.value()));
    }
  }

  private static String typeName(Type type) {
    if (type instanceof ParameterizedType list) {
      return "list of " + typeName(list.getActualTypeArguments()[0]);
    }
    Class<?> raw = (Class<?>) type;
    if (raw.isEnum()) {
      return "choice";
    }
    return switch (raw.getSimpleName()) {
      case "String" -> "text";
      case "boolean", "Boolean" -> "boolean";
      case "double", "Double" -> "number";
      default -> "integer";
    };
  }

  private static String allowed(Type type, @Nullable Param param) {
    Type element = type instanceof ParameterizedType list ? list.getActualTypeArguments()[0] : type;
    if (((Class<?>) element).isEnum()) {
      return String.join(", ", RecordBinder.enumNames((Class<?>) element));
    }
    if (param == null) {
      return "";
    }
    if (param.oneOf().length > 0) {
      return String.join(", ", param.oneOf());
    }
    boolean open = Double.isInfinite(param.min()) && Double.isInfinite(param.max());
    return open ? "" : RecordBinder.range(param.min(), param.max());
  }
}
