package io.compresso.evaluate;

import io.compresso.tensor.DType;
import io.compresso.tensor.OptionalValue;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorMap;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far floats may lie apart to count as equal: {@code |a - e| <= absolute + relative * |e|}.
 * Other types must be equal.
 */
public record Tolerance(double relative, double absolute) {
  /** What ONNX's own backend tests use. */
  public static final Tolerance ONNX = new Tolerance(1e-3, 1e-7);

  /** What sets {@code actual} apart from {@code expected}, null when nothing does. */
  public @Nullable String difference(Value expected, @Nullable Value actual) {
    return switch (expected) {
      case Tensor tensor ->
          actual instanceof Tensor other
              ? tensors(tensor, other)
              : "is not a tensor but " + kind(actual);
      case TensorSequence sequence ->
          actual instanceof TensorSequence other
              ? sequences(sequence, other)
              : "is not a sequence but " + kind(actual);
      case TensorMap map ->
          actual instanceof TensorMap other ? maps(map, other) : "is not a map but " + kind(actual);
      case OptionalValue(Value value) -> optional(value, actual);
    };
  }

  private @Nullable String optional(@Nullable Value expected, @Nullable Value actual) {
    Value inner = actual instanceof OptionalValue(Value value) ? value : actual;
    if (expected == null) {
      return inner == null ? null : "is " + kind(inner) + " instead of an empty optional";
    }
    return inner == null ? "is an empty optional" : difference(expected, inner);
  }

  private static String kind(@Nullable Value value) {
    return switch (value) {
      case null -> "missing";
      case Tensor tensor -> tensor.toString();
      case TensorSequence _ -> "a sequence";
      case TensorMap _ -> "a map";
      case OptionalValue _ -> "an optional";
    };
  }

  /** The order of the keys does not count. */
  private @Nullable String maps(TensorMap expected, TensorMap actual) {
    if (expected.keys().size() != actual.keys().size()
        || expected.keys().dtype() != actual.keys().dtype()) {
      return "has keys %s, not %s".formatted(actual.keys(), expected.keys());
    }
    boolean strings = expected.keys().dtype() == DType.STRING;
    for (int i = 0; i < expected.keys().size(); i++) {
      int at =
          strings
              ? actual.indexOf(expected.keys().getString(i))
              : actual.indexOf(expected.keys().getLong(i));
      String key =
          strings
              ? new String(expected.keys().getString(i), StandardCharsets.UTF_8)
              : Long.toString(expected.keys().getLong(i));
      if (at < 0) {
        return "has no key " + key;
      }
      String difference = tensors(element(expected.values(), i), element(actual.values(), at));
      if (difference != null) {
        return "of key " + key + " " + difference;
      }
    }
    return null;
  }

  private static Tensor element(Tensor tensor, int index) {
    if (tensor.dtype() == DType.STRING) {
      return Tensor.ofStrings(Shape.SCALAR, List.of(tensor.getString(index)));
    }
    long bytes = tensor.dtype().bytes(1);
    return Tensor.wrap(
        tensor.dtype(), Shape.SCALAR, tensor.segment().asSlice(index * bytes, bytes));
  }

  private @Nullable String sequences(TensorSequence expected, TensorSequence actual) {
    if (expected.elements().size() != actual.elements().size()) {
      return "has %d elements, not %d"
          .formatted(actual.elements().size(), expected.elements().size());
    }
    for (int i = 0; i < expected.elements().size(); i++) {
      String difference = difference(expected.elements().get(i), actual.elements().get(i));
      if (difference != null) {
        return "element " + i + " " + difference;
      }
    }
    return null;
  }

  private @Nullable String tensors(Tensor expected, Tensor actual) {
    if (expected.dtype() != actual.dtype() || !expected.shape().equals(actual.shape())) {
      return "is %s, not %s".formatted(actual, expected);
    }
    for (long i = 0; i < expected.size(); i++) {
      if (!same(expected, actual, i)) {
        return "element %d is %s, not %s".formatted(i, text(actual, i), text(expected, i));
      }
    }
    return null;
  }

  private boolean same(Tensor expected, Tensor actual, long i) {
    switch (expected.dtype()) {
      case STRING -> {
        return Arrays.equals(expected.getString(i), actual.getString(i));
      }
      case COMPLEX64, COMPLEX128 -> {
        long bytes = expected.dtype().bits() / 8;
        return expected
                .segment()
                .asSlice(i * bytes, bytes)
                .mismatch(actual.segment().asSlice(i * bytes, bytes))
            < 0;
      }
      default -> {}
    }
    if (!expected.dtype().isFloat()) {
      return expected.getLong(i) == actual.getLong(i);
    }
    double e = expected.getDouble(i);
    double a = actual.getDouble(i);
    return e == a
        || Double.isNaN(e) && Double.isNaN(a)
        || Double.isFinite(e) && Math.abs(a - e) <= absolute + relative * Math.abs(e);
  }

  private static String text(Tensor tensor, long i) {
    return switch (tensor.dtype()) {
      case STRING -> "'" + new String(tensor.getString(i), StandardCharsets.UTF_8) + "'";
      case COMPLEX64, COMPLEX128 -> "another complex number";
      default ->
          tensor.dtype().isFloat()
              ? Double.toString(tensor.getDouble(i))
              : Long.toString(tensor.getLong(i));
    };
  }
}
