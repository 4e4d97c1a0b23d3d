package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Maps strings to integers, or integers to strings, by a table of pairs. */
final class CategoryMapper extends MlOperator {
  @Override
  public String opType() {
    return "CategoryMapper";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      @Nullable DType from = context.dtype(0);
      DType to = from == null ? null : from == DType.STRING ? DType.INT64 : DType.STRING;
      return List.of(Dims.tensor(to, context.dims(0)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    List<byte[]> texts = MlAttributes.strings(context.node(), "cats_strings");
    long[] numbers = MlAttributes.ints(context.node(), "cats_int64s", texts.size());
    if (x.dtype() == DType.STRING) {
      Map<String, Long> table = new HashMap<>();
      for (int i = 0; i < numbers.length; i++) {
        table.put(new String(texts.get(i), StandardCharsets.UTF_8), numbers[i]);
      }
      long otherwise = context.node().intAttribute("default_int64", -1);
      Tensor y = context.allocate(DType.INT64, x.shape());
      for (long i = 0; i < x.size(); i++) {
        String key = new String(x.getString(i), StandardCharsets.UTF_8);
        y.setLong(i, table.getOrDefault(key, otherwise));
      }
      return y;
    }
    if (x.dtype() != DType.INT64) {
      throw context.error("input " + x + " holds neither strings nor 64-bit integers");
    }
    Map<Long, byte[]> table = new HashMap<>();
    for (int i = 0; i < numbers.length; i++) {
      table.put(numbers[i], texts.get(i));
    }
    byte[] otherwise =
        context
            .node()
            .stringAttribute("default_string", "_Unused")
            .getBytes(StandardCharsets.UTF_8);
    Tensor y = context.allocate(DType.STRING, x.shape());
    for (long i = 0; i < x.size(); i++) {
      y.setString(i, table.getOrDefault(x.getLong(i), otherwise));
    }
    return y;
  }
}
