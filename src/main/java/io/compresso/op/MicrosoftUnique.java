package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The distinct elements of a vector in the order in which they appear, which of them each element
 * is, and how often each appears.
 */
final class MicrosoftUnique extends MicrosoftOperator {
  @Override
  public String opType() {
    return "Unique";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      if (context.dims(0) != null && context.dims(0).size() != 1) {
        throw context.error("input of rank " + context.dims(0).size() + " is no vector");
      }
      return List.of(
          Dims.tensor(context.dtype(0), Dims.unknown(1)),
          Inferred.tensor(DType.INT64, context.dims(0) == null ? Dims.unknown(1) : context.dims(0)),
          Inferred.tensor(DType.INT64, Dims.unknown(1)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      if (x.shape().rank() != 1) {
        throw context.error("input " + x + " is no vector");
      }
      Map<Double, Integer> found = new LinkedHashMap<>();
      long[] which = new long[Math.toIntExact(x.size())];
      long[] counts = new long[which.length];
      for (int i = 0; i < which.length; i++) {
        // Adding 0 makes one of the two zeros.
        which[i] = found.computeIfAbsent(x.getDouble(i) + 0.0, _ -> found.size());
        counts[(int) which[i]]++;
      }
      double[] distinct = found.keySet().stream().mapToDouble(Double::doubleValue).toArray();
      return List.of(
          Reals.tensor(context, x.dtype(), Shape.of(distinct.length), distinct),
          Tensor.ofLongs(x.shape(), which),
          Tensor.ofLongs(
              Shape.of(distinct.length), java.util.Arrays.copyOf(counts, distinct.length)));
    });
  }
}
