package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Each channel of each sample of {@code [N, C, ...]} normalized by its own statistics. */
final class InstanceNormalization implements Operator {
  @Override
  public String opType() {
    return "InstanceNormalization";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 6, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Shape shape = x.shape();
    double[] scale = Reals.doubles(context.tensor(1));
    double[] bias = Reals.doubles(context.tensor(2));
    if (shape.rank() < 3 || scale.length != shape.dim(1) || bias.length != shape.dim(1)) {
      throw context.error(
          "input %s with %d scales and %d biases".formatted(shape, scale.length, bias.length));
    }
    int plane = Math.toIntExact(shape.size(2, shape.rank()));
    double epsilon = context.node().floatAttribute("epsilon", 1e-5f);
    double[] values = Reals.doubles(x);
    for (int at = 0; at < values.length; at += plane) {
      Normalization.normalize(values, at, at + plane, epsilon);
      int c = at / plane % scale.length;
      for (int i = at; i < at + plane; i++) {
        values[i] = values[i] * scale[c] + bias[c];
      }
    }
    return Reals.tensor(context, x.dtype(), shape, values);
  }
}
