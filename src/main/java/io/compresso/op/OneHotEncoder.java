package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A new last axis with a 1 at each element's category; unknown ones are zeros or an error. */
final class OneHotEncoder extends MlOperator {
  @Override
  public String opType() {
    return "OneHotEncoder";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      long[] numbers = context.node().intsAttribute("cats_int64s", new long[0]);
      int texts = MlAttributes.strings(context.node(), "cats_strings").size();
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        return List.of(Inferred.tensor(DType.FLOAT, null));
      }
      List<Dim> result = new ArrayList<>(dims);
      result.add(Dim.of(numbers.length > 0 ? numbers.length : texts));
      return List.of(Inferred.tensor(DType.FLOAT, result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Map<Object, Integer> places = new HashMap<>();
    long[] numbers = context.node().intsAttribute("cats_int64s", new long[0]);
    List<byte[]> texts = MlAttributes.strings(context.node(), "cats_strings");
    boolean text = x.dtype() == DType.STRING;
    int count = text ? texts.size() : numbers.length;
    if (count == 0 || numbers.length > 0 && !texts.isEmpty()) {
      throw context.error(
          "one of attributes 'cats_strings' and 'cats_int64s' must hold categories for " + x);
    }
    for (int i = 0; i < count; i++) {
      places.put(text ? new String(texts.get(i), StandardCharsets.UTF_8) : (Object) numbers[i], i);
    }
    boolean zeros = context.node().intAttribute("zeros", 1) != 0;
    long[] dims = Arrays.copyOf(x.shape().dims(), x.shape().rank() + 1);
    dims[dims.length - 1] = count;
    Tensor y = context.allocate(DType.FLOAT, Shape.of(dims));
    for (long i = 0; i < x.size(); i++) {
      Object key =
          text
              ? new String(x.getString(i), StandardCharsets.UTF_8)
              : (Object) (x.dtype().isFloat() ? (long) x.getDouble(i) : x.getLong(i));
      boolean nan = x.dtype().isFloat() && Double.isNaN(x.getDouble(i));
      Integer place = nan ? null : places.get(key);
      if (place == null && !zeros) {
        throw context.error("'" + key + "' is no category, and attribute 'zeros' is 0");
      }
      if (place != null) {
        y.setFloat(i * count + place, 1);
      }
    }
    return y;
  }
}
