package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Maps each element by a table of keys and values: strings, integers or floats. */
final class LabelEncoder extends MlOperator {
  @Override
  public String opType() {
    return "LabelEncoder";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 2, 4);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      Map<String, Attribute> attributes = context.node().attributes();
      DType from = context.dtype(0);
      DType to =
          attributes.containsKey("classes_strings")
              ? from == null ? null : from == DType.STRING ? DType.INT64 : DType.STRING
              : valueType(attributes);
      return List.of(Dims.tensor(to, context.dims(0)));
    };
  }

  private static @Nullable DType valueType(Map<String, Attribute> attributes) {
    if (attributes.get("values_tensor") instanceof Attribute.TensorValue(Tensor values)) {
      return values.dtype();
    }
    return attributes.containsKey("values_strings")
        ? DType.STRING
        : attributes.containsKey("values_int64s")
            ? DType.INT64
            : attributes.containsKey("values_floats") ? DType.FLOAT : null;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Map<String, Attribute> attributes = context.node().attributes();
    Tensor keys;
    Tensor values;
    boolean lastCounts = false;
    if (attributes.get("classes_strings") instanceof Attribute.Strings(List<byte[]> classes)) {
      lastCounts = true;
      Tensor names = Tensor.ofStrings(Shape.of(classes.size()), classes);
      long[] indices = new long[classes.size()];
      Arrays.setAll(indices, i -> i);
      Tensor numbers = Tensor.ofLongs(Shape.of(indices.length), indices);
      keys = x.dtype() == DType.STRING ? names : numbers;
      values = x.dtype() == DType.STRING ? numbers : names;
    } else {
      keys = table(context, "keys");
      values = table(context, "values");
    }
    if (keys.size() != values.size() || keys.dtype() != x.dtype()) {
      throw context.error("keys %s and values %s for input %s".formatted(keys, values, x));
    }
    Map<Object, Long> positions = new HashMap<>();
    for (long i = 0; i < keys.size(); i++) {
      Long before = positions.putIfAbsent(key(keys, i), i);
      if (before != null && lastCounts) {
        positions.put(key(keys, i), i);
      }
    }
    Tensor otherwise = otherwise(context, values.dtype());
    Tensor y = context.allocate(values.dtype(), x.shape());
    for (long i = 0; i < x.size(); i++) {
      Long position = positions.get(key(x, i));
      StridedCopy.element(
          position == null ? otherwise : values, position == null ? 0 : position, y, i);
    }
    return y;
  }

  private static Object key(Tensor tensor, long index) {
    if (tensor.dtype() == DType.STRING) {
      return new String(tensor.getString(index), StandardCharsets.UTF_8);
    }
    // adding 0 makes one zero of both
    return tensor.dtype().isFloat()
        ? tensor.getDouble(index) + 0.0
        : (Object) tensor.getLong(index);
  }

  private static Tensor table(OpContext context, String name) {
    Map<String, Attribute> attributes = context.node().attributes();
    if (attributes.get(name + "_tensor") instanceof Attribute.TensorValue(Tensor tensor)) {
      return tensor;
    }
    if (attributes.get(name + "_strings") instanceof Attribute.Strings(List<byte[]> strings)) {
      return Tensor.ofStrings(Shape.of(strings.size()), strings);
    }
    if (attributes.get(name + "_int64s") instanceof Attribute.Ints(List<Long> longs)) {
      return Tensor.ofLongs(
          Shape.of(longs.size()), longs.stream().mapToLong(Long::longValue).toArray());
    }
    if (attributes.get(name + "_floats") instanceof Attribute.Floats(List<Float> floats)) {
      Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(floats.size()));
      for (int i = 0; i < floats.size(); i++) {
        tensor.setFloat(i, floats.get(i));
      }
      return tensor;
    }
    throw context.error("no attribute gives the " + name);
  }

  private static Tensor otherwise(OpContext context, DType dtype) {
    if (context.node().attributes().get("default_tensor")
        instanceof Attribute.TensorValue(Tensor tensor)) {
      if (tensor.dtype() != dtype || tensor.size() < 1) {
        throw context.error("default " + tensor + " for values of " + dtype);
      }
      return tensor;
    }
    if (dtype == DType.STRING) {
      byte[] text =
          context
              .node()
              .stringAttribute("default_string", "_Unused")
              .getBytes(StandardCharsets.UTF_8);
      return Tensor.ofStrings(Shape.SCALAR, List.of(text));
    }
    Tensor tensor = Tensor.allocate(dtype, Shape.SCALAR);
    if (dtype.isFloat()) {
      tensor.setDouble(0, context.node().floatAttribute("default_float", -0f));
    } else {
      tensor.setLong(0, context.node().intAttribute("default_int64", -1));
    }
    return tensor;
  }
}
