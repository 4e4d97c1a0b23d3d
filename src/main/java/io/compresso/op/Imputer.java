package io.compresso.op;

import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Puts values in the place of one that stands for missing ones, for each feature or for all. */
final class Imputer extends MlOperator {
  @Override
  public String opType() {
    return "Imputer";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    boolean floats = x.dtype().isFloat();
    double[] reals = MlAttributes.reals(context.node(), "imputed_value_floats");
    long[] integers = context.node().intsAttribute("imputed_value_int64s", new long[0]);
    int count = floats ? reals.length : integers.length;
    int rank = x.shape().rank();
    long features = rank == 0 ? 1 : x.shape().dim(rank == 1 ? 0 : 1);
    String name = floats ? "imputed_value_floats" : "imputed_value_int64s";
    if (!floats && !x.dtype().isInteger() || count == 0 || count != 1 && count != features) {
      throw context.error("attribute '%s' has %d values for %s".formatted(name, count, x));
    }
    double missing = context.node().floatAttribute("replaced_value_float", 0);
    long absent = context.node().intAttribute("replaced_value_int64", 0);
    Tensor y = x.copy();
    for (long i = 0; i < x.size(); i++) {
      int at = count == 1 ? 0 : (int) (i % count);
      if (floats) {
        double value = x.getDouble(i);
        if (value == missing || Double.isNaN(value) && Double.isNaN(missing)) {
          y.setDouble(i, reals[at]);
        }
      } else if (x.getLong(i) == absent) {
        y.setLong(i, integers[at]);
      }
    }
    return y;
  }
}
