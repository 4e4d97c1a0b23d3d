package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Local response normalization: each element divided by a power of its neighbours in channels. */
final class LRN implements Operator {
  @Override
  public String opType() {
    return "LRN";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 13);
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
    long size = context.node().intAttribute("size", 0);
    if (size < 1 || shape.rank() < 2) {
      throw context.error("input " + shape + " with size " + size);
    }
    double alpha = context.node().floatAttribute("alpha", 1e-4f);
    double beta = context.node().floatAttribute("beta", 0.75f);
    double bias = context.node().floatAttribute("bias", 1);
    int channels = Math.toIntExact(shape.dim(1));
    int plane = Math.toIntExact(shape.size(2, shape.rank()));
    int before = (int) Math.min(channels, (size - 1) / 2);
    int after = (int) Math.min(channels, size - 1 - (size - 1) / 2);
    double[] values = Reals.doubles(x);
    double[] y = new double[values.length];
    for (int i = 0; i < y.length; i++) {
      int c = i / plane % channels;
      double squares = 0;
      for (int n = Math.max(0, c - before); n <= Math.min(channels - 1, c + after); n++) {
        double neighbour = values[i + (n - c) * plane];
        squares += neighbour * neighbour;
      }
      y[i] = values[i] / Math.pow(bias + alpha / size * squares, beta);
    }
    return Reals.tensor(context, x.dtype(), shape, y);
  }
}
