package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A depthwise convolution of {@code [N, C, T]} with filters {@code [C, 1, K]} that sees no later
 * elements: before the data come the {@code K - 1} of a past state, or zeros. Also gives the next
 * state.
 */
final class CausalConvWithState extends StandardOperator {
  CausalConvWithState() {
    super("CausalConvWithState", 27);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> x = context.dims(0);
      List<Dim> w = context.dims(1);
      if (x != null && x.size() != 3 || w != null && w.size() != 3) {
        throw context.error("input %s and weights %s have not 3 axes".formatted(x, w));
      }
      Long kernel = w == null ? null : w.get(2).sizeOrNull();
      List<Dim> state = new ArrayList<>(x == null ? Dims.unknown(2) : x.subList(0, 2));
      state.add(kernel == null ? Dim.UNKNOWN : Dim.of(Math.max(0, kernel - 1)));
      return List.of(
          Dims.tensor(context.dtype(0), x == null ? Dims.unknown(3) : x),
          Dims.tensor(context.dtype(0), state));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(CausalConvWithState::run);
  }

  private static List<Tensor> run(OpContext context) {
    Tensor x = context.tensor(0);
    Tensor w = context.tensor(1);
    Shape shape = x.shape();
    if (shape.rank() != 3
        || w.shape().rank() != 3
        || !w.shape().equals(Shape.of(shape.dim(1), 1, w.shape().dim(2)))
        || w.shape().dim(2) < 1) {
      throw context.error("input " + shape + " with weights " + w.shape() + ", not [C, 1, K]");
    }
    int channels = Math.toIntExact(shape.dim(1));
    int kernel = Math.toIntExact(w.shape().dim(2));
    Shape stateShape = shape.with(2, kernel - 1);
    Tensor past = context.tensorOrNull(3);
    Tensor bias = context.tensorOrNull(2);
    if (past != null && !past.shape().equals(stateShape)
        || bias != null && bias.size() != channels) {
      throw context.error(
          "past state %s and bias %s for input %s and weights %s"
              .formatted(
                  past == null ? "none" : past.shape(),
                  bias == null ? "none" : bias.shape(),
                  shape,
                  w.shape()));
    }
    boolean swish =
        switch (context.node().stringAttribute("activation", "none")) {
          case "none" -> false;
          case "silu", "swish" -> true;
          case String other -> throw context.error("attribute 'activation' is '" + other + "'");
        };
    int tokens = Math.toIntExact(shape.dim(2));
    double[] values = Reals.doubles(x);
    double[] filters = Reals.doubles(w);
    double[] before = past == null ? new double[(int) stateShape.size()] : Reals.doubles(past);
    double[] y = new double[values.length];
    double[] line = new double[kernel - 1 + tokens];
    for (int row = 0; row < shape.size(0, 2); row++) {
      System.arraycopy(before, row * (kernel - 1), line, 0, kernel - 1);
      System.arraycopy(values, row * tokens, line, kernel - 1, tokens);
      int channel = row % channels;
      for (int t = 0; t < tokens; t++) {
        double sum = bias == null ? 0 : bias.getDouble(channel);
        for (int i = 0; i < kernel; i++) {
          sum += line[t + i] * filters[channel * kernel + i];
        }
        y[row * tokens + t] = swish ? sum * PostTransform.logistic(sum) : sum;
      }
      System.arraycopy(line, tokens, before, row * (kernel - 1), kernel - 1);
    }
    return List.of(
        Reals.tensor(context, x.dtype(), shape, y),
        Reals.tensor(context, x.dtype(), stateShape, before));
  }
}
