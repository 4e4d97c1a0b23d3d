package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Triangular filters, evenly spaced on the mel scale, over the bins of a spectrum. */
final class MelWeightMatrix extends StandardOperator {
  MelWeightMatrix() {
    super("MelWeightMatrix", 17);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      Long length = single(Dims.longs(context, 1));
      Long bins = single(Dims.longs(context, 0));
      return List.of(
          Inferred.tensor(
              ElementTypes.of(context.node(), "output_datatype", DType.FLOAT),
              List.of(
                  length == null ? Dim.UNKNOWN : Dim.of(length / 2 + 1),
                  bins == null ? Dim.UNKNOWN : Dim.of(bins))));
    };
  }

  private static @Nullable Long single(long @Nullable [] values) {
    return values == null || values.length != 1 ? null : Long.valueOf(values[0]);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      long bins = context.tensor(0).getLong(0);
      long length = context.tensor(1).getLong(0);
      long rate = context.tensor(2).getLong(0);
      double low = mel(context.tensor(3).getDouble(0));
      double high = mel(context.tensor(4).getDouble(0));
      if (bins < 1 || length < 1 || rate < 1 || !(low < high)) {
        throw context.error(bins + " bins of " + length + " samples at rate " + rate);
      }
      long rows = length / 2 + 1;
      Tensor y =
          context.allocate(
              ElementTypes.of(context.node(), "output_datatype", DType.FLOAT),
              Axes.shape(context, rows, bins));
      long[] edges = new long[Math.toIntExact(bins + 2)];
      for (int i = 0; i < edges.length; i++) {
        double hertz = 700 * (Math.pow(10, (low + i * (high - low) / (bins + 2)) / 2595) - 1);
        edges[i] = Math.max(0, (long) Math.floor((length + 1) * hertz / rate));
      }
      for (int i = 0; i < bins; i++) {
        long start = edges[i];
        long top = edges[i + 1];
        long end = edges[i + 2];
        if (top < rows) {
          y.setDouble(top * bins + i, 1);
        }
        for (long j = start; j < top && j < rows; j++) {
          y.setDouble(j * bins + i, (double) (j - start) / (top - start));
        }
        for (long j = top; j < end && j < rows; j++) {
          y.setDouble(j * bins + i, (double) (end - j) / (end - top));
        }
      }
      return List.of(y);
    });
  }

  private static double mel(double hertz) {
    return 2595 * Math.log10(1 + hertz / 700);
  }
}
