package io.compresso.data;

import io.compresso.data.DataException.Code;
import io.compresso.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Typed access to a declaration of maps, lists, strings, numbers and booleans, as JSON gives it.
 */
final class SpecReader {
  private final String path;
  private final Map<?, ?> map;
  private final Set<String> known = new LinkedHashSet<>();

  SpecReader(String path, Map<?, ?> map) {
    this.path = path;
    this.map = map;
  }

  static DataException invalid(String path, String message) {
    return new DataException(Code.INVALID_SPEC, path, message);
  }

  String path(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  @Nullable Object value(String key) {
    known.add(key);
    return map.get(key);
  }

  boolean has(String key) {
    return value(key) != null;
  }

  @Nullable String string(String key) {
    return switch (value(key)) {
      case null -> null;
      case String text -> text;
      case Number number -> number.toString();
      default -> throw invalid(path(key), "must be a string");
    };
  }

  @Nullable Double number(String key) {
    Object value = value(key);
    return value == null ? null : toDouble(path(key), value);
  }

  @Nullable Long whole(String key, long min) {
    Double number = number(key);
    if (number == null) {
      return null;
    }
    if (number != Math.rint(number) || number < min || number > 1L << 53) {
      throw invalid(path(key), "must be a whole number of at least " + min + ", not " + number);
    }
    return number.longValue();
  }

  @Nullable Boolean flag(String key) {
    return switch (value(key)) {
      case null -> null;
      case Boolean flag -> flag;
      default -> throw invalid(path(key), "must be true or false");
    };
  }

  /** The enum constant whose name is the text, in lower case with '-' for '_'. */
  <E extends Enum<E>> @Nullable E choice(String key, Class<E> type) {
    String text = string(key);
    return text == null ? null : choiceOf(path(key), text, type);
  }

  static <E extends Enum<E>> E choiceOf(String path, String text, Class<E> type) {
    for (E constant : type.getEnumConstants()) {
      if (name(constant).equalsIgnoreCase(text)) {
        return constant;
      }
    }
    throw invalid(
        path,
        "'"
            + text
            + "' is not one of "
            + Arrays.stream(type.getEnumConstants())
                .map(SpecReader::name)
                .collect(Collectors.joining(", ")));
  }

  private static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  @Nullable DType dtype(String key) {
    String text = string(key);
    if (text == null) {
      return null;
    }
    String name =
        switch (text.toLowerCase(Locale.ROOT)) {
          case "float32", "f32" -> "FLOAT";
          case "float64", "f64" -> "DOUBLE";
          case "f16", "half" -> "FLOAT16";
          case "bf16" -> "BFLOAT16";
          default -> text.toUpperCase(Locale.ROOT);
        };
    return choiceOf(path(key), name, DType.class);
  }

  List<Double> numbers(String key) {
    List<Double> result = new ArrayList<>();
    for (Object item : list(key)) {
      result.add(toDouble(path(key), item));
    }
    return result;
  }

  List<String> strings(String key) {
    List<String> result = new ArrayList<>();
    for (Object item : list(key)) {
      switch (item) {
        case String text -> result.add(text);
        case Number number -> result.add(number.toString());
        case Boolean flag -> result.add(flag.toString());
        default -> throw invalid(path(key), "must be a list of strings");
      }
    }
    return result;
  }

  /** The list under the key; one value stands for a list of one; absent is empty. */
  List<Object> list(String key) {
    return switch (value(key)) {
      case null -> List.of();
      case List<?> items -> {
        List<Object> result = new ArrayList<>();
        for (Object item : items) {
          if (item == null) {
            throw invalid(path(key), "must not hold null");
          }
          result.add(item);
        }
        yield result;
      }
      case Map<?, ?> _ -> throw invalid(path(key), "must be a list");
      case Object single -> List.of(single);
    };
  }

  @Nullable SpecReader object(String key) {
    return switch (value(key)) {
      case null -> null;
      case Map<?, ?> nested -> new SpecReader(path(key), nested);
      default -> throw invalid(path(key), "must be an object");
    };
  }

  /** Refuses keys that were not asked for. */
  void end() {
    for (Object key : map.keySet()) {
      if (!(key instanceof String) || !known.contains(key)) {
        throw invalid(
            path(String.valueOf(key)), "unknown field; known are " + String.join(", ", known));
      }
    }
  }

  private static double toDouble(String path, Object value) {
    double number =
        switch (value) {
          case Number n -> n.doubleValue();
          case String text -> parse(path, text);
          default -> throw invalid(path, "must be a number");
        };
    if (Double.isNaN(number) || Double.isInfinite(number)) {
      throw invalid(path, "must be a finite number");
    }
    return number;
  }

  private static double parse(String path, String text) {
    try {
      int slash = text.indexOf('/');
      return slash < 0
          ? Double.parseDouble(text)
          : Double.parseDouble(text.substring(0, slash))
              / Double.parseDouble(text.substring(slash + 1));
    } catch (NumberFormatException _) {
      throw invalid(path, "'" + text + "' is not a number");
    }
  }
}
