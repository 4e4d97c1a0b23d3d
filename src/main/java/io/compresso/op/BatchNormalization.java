package io.compresso.op;

import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.Broadcast;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Each channel of {@code [N, C, ...]} normalized by given statistics, or in training by its own.
 *
 * <p>Before operator set 9 {@code spatial = 0} gives every element of a sample statistics of its
 * own.
 */
final class BatchNormalization implements Operator {
  /** Scale, bias, mean and variance. */
  private static final int STATISTICS = 4;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  @Override
  public String opType() {
    return "BatchNormalization";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 6, 7, 9, 14, 15);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Inferred> outputs = new ArrayList<>();
      outputs.add(Inferred.of(context.input(0).type()));
      for (int i = 1; i < context.node().outputs().size(); i++) {
        int source = i == 1 ? 3 : i == 2 ? 4 : -1;
        outputs.add(source < 0 ? Inferred.UNKNOWN : Inferred.of(context.input(source).type()));
      }
      return outputs;
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(BatchNormalization::run);
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    boolean training =
        context.opset() >= 14
            ? context.node().intAttribute("training_mode", 0) != 0
            : context.outputOrNull(1) != null;
    if (training
        || x.dtype() != DType.FLOAT
        || x.shape().rank() < 2
        || context.opset() < 9 && context.node().intAttribute("spatial", 1) == 0) {
      return null;
    }
    int channels = Math.toIntExact(x.shape().dim(1));
    double epsilon = context.node().floatAttribute("epsilon", 1e-5f);
    List<Tensor> constants = new ArrayList<>();
    for (int i = 1; i <= STATISTICS; i++) {
      TensorSpec given = context.input(i);
      if (given.dtype() != DType.FLOAT || given.shape().size() != channels) {
        return null;
      }
      Tensor tensor = context.constant(i);
      if (tensor != null) {
        constants.add(tensor);
      }
    }
    boolean fixed = constants.size() == STATISTICS;
    Affine constant = fixed ? Affine.allocate(channels, epsilon) : null;
    if (constant != null) {
      constant.set(constants.stream().map(Products::memory).toList());
    }
    long[] dims = new long[x.shape().rank() - 1];
    Arrays.fill(dims, 1);
    dims[0] = channels;
    Broadcast broadcast = Broadcast.of(x.shape(), Shape.of(dims));
    PreparedKernel multiply =
        context.prepare(
            0, new BinaryProblem(BinaryFunction.MUL, x.dtype(), broadcast), () -> Weights.NONE);
    PreparedKernel add =
        context.prepare(
            1, new BinaryProblem(BinaryFunction.ADD, x.dtype(), broadcast), () -> Weights.NONE);
    int threads = context.threads();
    return Lowered.of(
            buffers -> {
              MemorySegment y = buffers.output(0);
              Affine affine = constant != null ? constant : Affine.allocate(channels, epsilon);
              Operands first = Operands.of(buffers.input(0), affine.factors, y);
              Operands second = Operands.of(y, affine.offsets, y);
              Runnable scaled = multiply.bind(first, threads);
              Runnable moved = add.bind(second, threads);
              if (constant != null) {
                return Lowerings.inTurn(scaled, moved);
              }
              List<MemorySegment> given = new ArrayList<>();
              for (int i = 1; i <= STATISTICS; i++) {
                given.add(buffers.input(i));
              }
              return Lowerings.inTurn(() -> affine.set(given), scaled, moved);
            })
        .withInPlace(0);
  }

  /**
   * What the statistics make of each element: it times a factor, plus an offset.
   *
   * @param factors one float a channel
   * @param offsets one float a channel
   */
  private record Affine(
      int channels, double epsilon, MemorySegment factors, MemorySegment offsets) {
    static Affine allocate(int channels, double epsilon) {
      Shape shape = Shape.of(channels);
      return new Affine(
          channels,
          epsilon,
          Tensor.allocate(DType.FLOAT, shape).segment(),
          Tensor.allocate(DType.FLOAT, shape).segment());
    }

    /** Follows scale, bias, mean and variance. */
    void set(List<MemorySegment> given) {
      MemorySegment scale = given.get(0);
      MemorySegment bias = given.get(1);
      MemorySegment mean = given.get(2);
      MemorySegment variance = given.get(3);
      for (long c = 0; c < channels; c++) {
        double factor = scale.get(FLOAT, 4 * c) / Math.sqrt(variance.get(FLOAT, 4 * c) + epsilon);
        factors.set(FLOAT, 4 * c, (float) factor);
        double offset = bias.get(FLOAT, 4 * c) - mean.get(FLOAT, 4 * c) * factor;
        offsets.set(FLOAT, 4 * c, (float) offset);
      }
    }
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }

  private static List<? extends @Nullable Tensor> run(OpContext context) {
    Tensor x = context.tensor(0);
    Shape shape = x.shape();
    boolean spatial = context.opset() >= 9 || context.node().intAttribute("spatial", 1) != 0;
    int split = spatial ? Math.min(2, shape.rank()) : shape.rank();
    int channels = Math.toIntExact(shape.size(Math.min(1, shape.rank()), split));
    int plane = Math.toIntExact(shape.size(split, shape.rank()));
    double[] scale = statistic(context, 1, channels);
    double[] bias = statistic(context, 2, channels);
    double[] mean = statistic(context, 3, channels);
    double[] variance = statistic(context, 4, channels);
    boolean training =
        context.opset() >= 14
            ? context.node().intAttribute("training_mode", 0) != 0
            : context.node().output(1) != null;
    List<@Nullable Tensor> outputs = new ArrayList<>();
    double[] values = Reals.doubles(x);
    if (training) {
      double momentum = context.node().floatAttribute("momentum", 0.9f);
      double[][] own = statistics(values, channels, plane);
      for (int c = 0; c < channels; c++) {
        mean[c] = mean[c] * momentum + own[0][c] * (1 - momentum);
        variance[c] = variance[c] * momentum + own[1][c] * (1 - momentum);
      }
      DType type = context.tensor(3).dtype();
      outputs.add(Reals.tensor(context, type, context.tensor(3).shape(), mean));
      outputs.add(Reals.tensor(context, type, context.tensor(4).shape(), variance));
      if (context.node().outputs().size() > 3) {
        outputs.add(Reals.tensor(context, type, context.tensor(3).shape(), own[0]));
        outputs.add(Reals.tensor(context, type, context.tensor(4).shape(), own[1]));
      }
      mean = own[0];
      variance = own[1];
    }
    double epsilon = context.node().floatAttribute("epsilon", 1e-5f);
    for (int at = 0; at < values.length; at += plane) {
      int c = at / plane % channels;
      double factor = scale[c] / Math.sqrt(variance[c] + epsilon);
      double offset = bias[c] - mean[c] * factor;
      for (int i = at; i < at + plane; i++) {
        values[i] = values[i] * factor + offset;
      }
    }
    outputs.addFirst(Reals.tensor(context, x.dtype(), shape, values));
    return outputs;
  }

  private static double[] statistic(OpContext context, int input, int channels) {
    Tensor tensor = context.tensor(input);
    if (tensor.size() != channels) {
      throw context.error(
          "input " + input + " has shape " + tensor.shape() + " for " + channels + " channels");
    }
    return Reals.doubles(tensor);
  }

  /** Mean and population variance of each channel. */
  private static double[][] statistics(double[] x, int channels, int plane) {
    double[] mean = new double[channels];
    double[] variance = new double[channels];
    double count = (double) x.length / channels;
    for (int i = 0; i < x.length; i++) {
      mean[i / plane % channels] += x[i] / count;
    }
    for (int i = 0; i < x.length; i++) {
      int c = i / plane % channels;
      variance[c] += (x[i] - mean[c]) * (x[i] - mean[c]) / count;
    }
    return new double[][] {mean, variance};
  }
}
