package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorMap;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The values of a map from integers, by ascending keys, {@code [1, V]}; with {@code map_form}
 * {@code SPARSE} each at the place of its key among {@code max_map}, zeros or empty strings
 * elsewhere.
 */
final class CastMap extends MlOperator {
  @Override
  public String opType() {
    return "CastMap";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      Dim columns =
          isSparse(context.node().stringAttribute("map_form", "DENSE"))
              ? Dim.of(Math.max(0, context.node().intAttribute("max_map", 1)))
              : Dim.UNKNOWN;
      DType dtype = dtype(context.node().stringAttribute("cast_to", "TO_FLOAT"));
      return List.of(Dims.tensor(dtype, List.of(Dim.of(1), columns)));
    };
  }

  private static boolean isSparse(String form) {
    return form.equals("SPARSE");
  }

  private static DType dtype(String cast) {
    return switch (cast) {
      case "TO_FLOAT" -> DType.FLOAT;
      case "TO_INT64" -> DType.INT64;
      case "TO_STRING" -> DType.STRING;
      default -> throw new IllegalArgumentException("attribute 'cast_to' is '" + cast + "'");
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    if (!(context.input(0) instanceof TensorMap map) || map.keys().dtype() != DType.INT64) {
      throw context.error("input 0 is not a map from integers");
    }
    boolean sparse = isSparse(context.node().stringAttribute("map_form", "DENSE"));
    long columns = sparse ? context.node().intAttribute("max_map", 1) : map.keys().size();
    DType dtype = dtype(context.node().stringAttribute("cast_to", "TO_FLOAT"));
    Tensor values = Casts.cast(context, map.values(), dtype, true, "");
    Tensor y = context.allocate(dtype, Axes.shape(context, 1, columns));
    int[] order =
        IntStream.range(0, (int) map.keys().size())
            .boxed()
            .sorted(Comparator.comparingLong(i -> map.keys().getLong(i)))
            .mapToInt(Integer::intValue)
            .toArray();
    for (int i = 0; i < order.length; i++) {
      long at = sparse ? map.keys().getLong(order[i]) : i;
      if (at < 0 || at >= columns) {
        throw context.error("key " + at + " is outside attribute 'max_map', " + columns);
      }
      StridedCopy.run(values, order[i], y, at, 1);
    }
    return y;
  }
}
