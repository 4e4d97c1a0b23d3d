package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The elements along an axis divided by their 1-norm or 2-norm; zeros stay zeros. */
final class LpNormalization implements Operator {
  @Override
  public String opType() {
    return "LpNormalization";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 22);
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
    Shape shape = x.shape();
    long p = context.node().intAttribute("p", 2);
    if (p != 1 && p != 2) {
      throw context.error("attribute 'p' is " + p + ", neither 1 nor 2");
    }
    int axis = LayerNormalization.axis(context, shape);
    int length = Math.toIntExact(shape.dim(axis));
    int inner = Math.toIntExact(shape.size(axis + 1, shape.rank()));
    double[] values = Reals.doubles(x);
    for (int at = 0; at < values.length; at++) {
      if (at / inner % length != 0) {
        continue;
      }
      double sum = 0;
      for (int i = 0; i < length; i++) {
        double value = values[at + i * inner];
        sum += p == 1 ? Math.abs(value) : value * value;
      }
      double norm = p == 1 ? sum : Math.sqrt(sum);
      for (int i = 0; i < length; i++) {
        values[at + i * inner] = norm == 0 ? 0 : values[at + i * inner] / norm;
      }
    }
    return Reals.tensor(context, x.dtype(), shape, values);
  }
}
