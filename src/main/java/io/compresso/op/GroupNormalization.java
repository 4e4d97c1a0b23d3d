package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Groups of channels of {@code [N, C, ...]} normalized by their own statistics. Scale and bias are
 * per group in operator set 18 and per channel from 21 on.
 */
final class GroupNormalization implements Operator {
  @Override
  public String opType() {
    return "GroupNormalization";
  }

  @Override
  public List<Integer> versions() {
    return List.of(18, 21);
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
    if (shape.rank() < 2) {
      throw context.error("input " + shape + " has no batch and channels");
    }
    int channels = Math.toIntExact(shape.dim(1));
    int groups = Math.toIntExact(context.node().intAttribute("num_groups", 0));
    if (groups < 1 || channels % groups != 0) {
      throw context.error(channels + " channels in " + groups + " groups");
    }
    double[] scale = perChannel(context, 1, channels, groups);
    double[] bias = perChannel(context, 2, channels, groups);
    int plane = Math.toIntExact(shape.size(2, shape.rank()));
    int group = Math.multiplyExact(channels / groups, plane);
    double epsilon = context.node().floatAttribute("epsilon", 1e-5f);
    double[] values = Reals.doubles(x);
    for (int at = 0; at < values.length; at += group) {
      Normalization.normalize(values, at, at + group, epsilon);
      for (int i = at; i < at + group; i++) {
        int c = i / plane % channels;
        values[i] = values[i] * scale[c] + bias[c];
      }
    }
    return Reals.tensor(context, x.dtype(), shape, values);
  }

  private static double[] perChannel(OpContext context, int input, int channels, int groups) {
    double[] given = Reals.doubles(context.tensor(input));
    int expected = context.opset() < 21 ? groups : channels;
    if (given.length != expected) {
      throw context.error(
          "input %d has %d elements, not %d".formatted(input, given.length, expected));
    }
    double[] values = new double[channels];
    for (int c = 0; c < channels; c++) {
      values[c] = given[c * given.length / channels];
    }
    return values;
  }
}
