package io.compresso.technique;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Binds plain maps, lists and scalars (what a JSON or YAML parser gives) to records whose
 * components carry {@link Param}, and back. Every problem is collected, with the path of the field.
 *
 * <p>Component types: {@code String}, {@code boolean}, {@code int}, {@code long}, {@code double},
 * their boxes, enums (in kebab case), records, lists of these (a single value is a list of one),
 * and maps from text to text.
 */
public final class RecordBinder {
  /** Binds what {@link RecordBinder} has no rule for. */
  @FunctionalInterface
  interface Custom {
    @Nullable Object bind(@Nullable Object value, String path, RecordBinder binder);
  }

  private final List<Problem> problems = new ArrayList<>();
  private final Map<Class<?>, Custom> customs;

  RecordBinder(Map<Class<?>, Custom> customs) {
    this.customs = customs;
  }

  /**
   * The record that {@code values} stands for.
   *
   * @throws JobException with every problem
   */
  public static <R extends Record> R bind(Class<R> type, Map<String, ?> values) {
    RecordBinder binder = new RecordBinder(Map.of());
    R bound = binder.record(type, values, "");
    return binder.finish(bound);
  }

  <R> R finish(@Nullable R bound) {
    if (bound == null || !problems.isEmpty()) {
      throw new JobException(problems);
    }
    return bound;
  }

  void problem(String path, String message) {
    problems.add(Problem.at(path, message));
  }

  /** The bound record, or null after a problem. */
  <R extends Record> @Nullable R record(Class<R> type, @Nullable Object value, String path) {
    RecordComponent[] components = type.getRecordComponents();
    Map<?, ?> map;
    if (value instanceof Map<?, ?> given) {
      map = given;
    } else {
      String shorthand = shorthand(components);
      if (shorthand == null || value == null || value instanceof List<?>) {
        problem(path, "must be an object, not " + describe(value));
        return null;
      }
      map = Map.of(shorthand, value);
    }
    int before = problems.size();
    for (Object key : map.keySet()) {
      if (Arrays.stream(components).noneMatch(component -> component.getName().equals(key))) {
        problem(join(path, String.valueOf(key)), "unknown field; allowed: " + names(components));
      }
    }
    @Nullable Object[] arguments = new @Nullable Object[components.length];
    for (int i = 0; i < components.length; i++) {
      RecordComponent component = components[i];
      String at = join(path, component.getName());
      Object field = map.get(component.getName());
      arguments[i] = field == null ? absent(component, at) : component(component, field, at);
    }
    return problems.size() > before ? null : construct(type, components, arguments, path);
  }

  private @Nullable Object component(RecordComponent component, Object value, String path) {
    return value(component.getGenericType(), component.getAnnotation(Param.class), value, path);
  }

  private @Nullable Object absent(RecordComponent component, String path) {
    Param param = component.getAnnotation(Param.class);
    if (param != null && !param.byDefault().equals(Param.NONE)) {
      return parseDefault(component, param);
    }
    Class<?> type = component.getType();
    if (isNullable(component)) {
      return null;
    }
    if (type == List.class) {
      return List.of();
    }
    if (type == Map.class) {
      return Map.of();
    }
    if (type.isRecord() && !customs.containsKey(type)) {
      RecordBinder trial = new RecordBinder(customs);
      Object bound = trial.record(type.asSubclass(Record.class), Map.of(), path);
      if (bound != null) {
        return bound;
      }
    }
    problem(path, "is required");
    return null;
  }

  private @Nullable Object parseDefault(RecordComponent component, Param param) {
    RecordBinder trial = new RecordBinder(customs);
    Object bound =
        trial.value(
            component.getGenericType(), param, scalar(component, param), component.getName());
    if (!trial.problems.isEmpty()) {
      throw new IllegalStateException("bad default: " + trial.problems);
    }
    return bound;
  }

  private static Object scalar(RecordComponent component, Param param) {
    return defaultValue(component.getType(), param.byDefault());
  }

  /** A default's text as a plain value of the component's kind. */
  static Object defaultValue(Class<?> type, String text) {
    if (type == boolean.class || type == Boolean.class) {
      return Boolean.valueOf(text);
    }
    if (type == int.class || type == long.class || type == Integer.class || type == Long.class) {
      return Long.valueOf(text);
    }
    if (type == double.class || type == Double.class) {
      return Double.valueOf(text);
    }
    if (type == List.class) {
      return text.isEmpty() ? List.of() : List.of((Object[]) text.split(","));
    }
    return text;
  }

  private @Nullable Object value(Type type, @Nullable Param param, Object value, String path) {
    if (type instanceof ParameterizedType generic) {
      return generic.getRawType() == Map.class
          ? texts(value, path)
          : list(generic.getActualTypeArguments()[0], param, value, path);
    }
    Class<?> raw = (Class<?>) type;
    Custom custom = customs.get(raw);
    if (custom != null) {
      return custom.bind(value, path, this);
    }
    if (raw.isRecord()) {
      return record(raw.asSubclass(Record.class), value, path);
    }
    if (raw.isEnum()) {
      return enumConstant(raw, value, path);
    }
    if (raw == String.class) {
      return text(param, value, path);
    }
    if (raw == boolean.class || raw == Boolean.class) {
      return value instanceof Boolean
          ? value
          : refuse(path, "must be true or false, not " + describe(value));
    }
    return number(raw, param, value, path);
  }

  private @Nullable Object texts(Object value, String path) {
    if (!(value instanceof Map<?, ?> map)) {
      return refuse(path, "must be an object, not " + describe(value));
    }
    Map<String, String> texts = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      String key = String.valueOf(entry.getKey());
      if (entry.getValue() instanceof String text) {
        texts.put(key, text);
      } else {
        problem(join(path, key), "must be a text, not " + describe(entry.getValue()));
      }
    }
    return texts.size() == map.size() ? Collections.unmodifiableMap(texts) : null;
  }

  private @Nullable Object list(Type element, @Nullable Param param, Object value, String path) {
    List<?> given = value instanceof List<?> list ? list : List.of(value);
    List<Object> bound = new ArrayList<>();
    for (int i = 0; i < given.size(); i++) {
      String at = path + "[" + i + "]";
      Object item = given.get(i);
      Object one = item == null ? refuse(at, "must not be null") : value(element, param, item, at);
      if (one != null) {
        bound.add(one);
      }
    }
    return bound.size() == given.size() ? List.copyOf(bound) : null;
  }

  private @Nullable Object text(@Nullable Param param, Object value, String path) {
    if (!(value instanceof String text)) {
      return refuse(path, "must be a text, not " + describe(value));
    }
    if (param != null && param.oneOf().length > 0 && !Arrays.asList(param.oneOf()).contains(text)) {
      return refuse(
          path,
          "must be one of " + String.join(", ", param.oneOf()) + ", not '" + clip(text) + "'");
    }
    return text;
  }

  private @Nullable Object number(Class<?> type, @Nullable Param param, Object value, String path) {
    boolean whole = type != double.class && type != Double.class;
    boolean narrow = type == int.class || type == Integer.class;
    if (!(value instanceof Number number) || (whole && !isWhole(number))) {
      return refuse(
          path, "must be " + (whole ? "a whole number" : "a number") + ", not " + describe(value));
    }
    double given = number.doubleValue();
    double min = param == null ? Double.NEGATIVE_INFINITY : param.min();
    double max = param == null ? Double.POSITIVE_INFINITY : param.max();
    if (narrow) {
      min = Math.max(min, Integer.MIN_VALUE);
      max = Math.min(max, Integer.MAX_VALUE);
    }
    if (!(given >= min && given <= max) || Double.isInfinite(given)) {
      return refuse(path, "must be " + range(min, max) + ", not " + clip(String.valueOf(number)));
    }
    if (!whole) {
      return given;
    }
    return narrow ? (Object) number.intValue() : (Object) number.longValue();
  }

  private static boolean isWhole(Number number) {
    if (number instanceof Double || number instanceof Float) {
      double value = number.doubleValue();
      return value == Math.rint(value) && Math.abs(value) < 0x1p53;
    }
    return number.toString().matches("-?\\d{1,18}");
  }

  /** The range as words. */
  static String range(double min, double max) {
    if (Double.isInfinite(min) && Double.isInfinite(max)) {
      return "finite";
    }
    if (Double.isInfinite(max)) {
      return "at least " + plain(min);
    }
    if (min == max) {
      return plain(min);
    }
    return Double.isInfinite(min)
        ? "at most " + plain(max)
        : "between " + plain(min) + " and " + plain(max);
  }

  static String plain(double number) {
    return number == Math.rint(number) && Math.abs(number) < 1e15
        ? Long.toString((long) number)
        : Double.toString(number);
  }

  private @Nullable Object enumConstant(Class<?> type, Object value, String path) {
    for (Object constant : type.getEnumConstants()) {
      if (name((Enum<?>) constant).equals(value)) {
        return constant;
      }
    }
    return refuse(
        path,
        "must be one of "
            + String.join(", ", enumNames(type))
            + ", not "
            + (value instanceof String text ? "'" + clip(text) + "'" : describe(value)));
  }

  static List<String> enumNames(Class<?> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(constant -> name((Enum<?>) constant))
        .toList();
  }

  /** The constant's name in a job: kebab case. */
  static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private @Nullable Object refuse(String path, String message) {
    problem(path, message);
    return null;
  }

  private <R extends Record> @Nullable R construct(
      Class<R> type, RecordComponent[] components, @Nullable Object[] arguments, String path) {
    try {
      Class<?>[] types =
          Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      Constructor<R> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException wrong) {
        problem(path, Objects.requireNonNullElse(wrong.getMessage(), wrong.toString()));
        return null;
      }
      throw new IllegalStateException("cannot make a " + type.getSimpleName(), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make a " + type.getSimpleName(), e);
    }
  }

  /** A record as plain maps, lists and scalars: what binds to an equal record. */
  public static Map<String, Object> toMap(Record value) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (RecordComponent component : value.getClass().getRecordComponents()) {
      Object field = get(component, value);
      if (field != null) {
        map.put(component.getName(), plainValue(field));
      }
    }
    return map;
  }

  private static Object plainValue(Object value) {
    return switch (value) {
      case JobSpec.Step step -> step.toMap();
      case Record nested -> toMap(nested);
      case Enum<?> constant -> name(constant);
      case List<?> list -> list.stream().map(RecordBinder::plainValue).toList();
      case Map<?, ?> map -> {
        Map<String, Object> plain = new LinkedHashMap<>();
        map.forEach((key, item) -> plain.put(String.valueOf(key), plainValue(item)));
        yield plain;
      }
      case String _, Boolean _, Number _ -> value;
      default -> value.toString();
    };
  }

  private static @Nullable Object get(RecordComponent component, Record value) {
    try {
      component.getAccessor().setAccessible(true);
      return component.getAccessor().invoke(value);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + component.getName(), e);
    }
  }

  static boolean isNullable(RecordComponent component) {
    return component.getAnnotatedType().isAnnotationPresent(Nullable.class);
  }

  static @Nullable String shorthand(RecordComponent[] components) {
    for (RecordComponent component : components) {
      Param param = component.getAnnotation(Param.class);
      if (param != null && param.shorthand()) {
        return component.getName();
      }
    }
    return null;
  }

  static String join(String path, String name) {
    return path.isEmpty() ? clip(name) : path + "." + clip(name);
  }

  private static String names(RecordComponent[] components) {
    List<String> names = Arrays.stream(components).map(RecordComponent::getName).toList();
    return names.isEmpty() ? "none" : String.join(", ", names);
  }

  static String describe(@Nullable Object value) {
    return switch (value) {
      case null -> "null";
      case Map<?, ?> _ -> "an object";
      case List<?> _ -> "a list";
      case String text -> "'" + clip(text) + "'";
      default -> clip(String.valueOf(value));
    };
  }

  private static String clip(String text) {
    return text.length() <= 60 ? text : text.substring(0, 57) + "...";
  }
}
