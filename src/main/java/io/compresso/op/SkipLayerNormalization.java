package io.compresso.op;

import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.Broadcast;
import io.compresso.kernel.NormProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Layer normalization along the last axis of a sum of input, skip and bias. */
final class SkipLayerNormalization extends MicrosoftOperator {
  private static final int SUM = 3;
  private static final float EPSILON = 1e-12f;

  @Override
  public String opType() {
    return "SkipLayerNormalization";
  }

  @Override
  public ShapeRule shapeRule() {
    return SkipLayerNormalization::shapes;
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return lower(context, NormProblem.Kind.LAYER, 3, 4);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(SkipLayerNormalization::run);
  }

  private static List<? extends @Nullable Tensor> run(OpContext context) {
    Tensor x = context.tensor(0);
    Shape shape = x.shape();
    int width = shape.rank() == 0 ? 0 : Math.toIntExact(shape.dim(-1));
    double[] sum = Reals.doubles(x);
    add(context, sum, 1, width);
    if (context.tensorOrNull(4) != null) {
      add(context, sum, 4, width);
    }
    double[] y = sum.clone();
    normalize(
        context,
        y,
        context.tensor(2),
        context.tensorOrNull(3),
        width,
        context.node().floatAttribute("epsilon", 1e-12f));
    return outputs(context, y, sum);
  }

  /** Results like input 0, and the sum as output 3. */
  static List<Inferred> shapes(ShapeContext context) {
    List<Inferred> outputs = new ArrayList<>();
    for (int i = 0; i < context.node().outputs().size(); i++) {
      outputs.add(i == 1 || i == 2 ? Inferred.UNKNOWN : Inferred.of(context.input(0).type()));
    }
    return outputs;
  }

  /**
   * The node as kernels, with the shift of input {@code beta} and the bias of the sum in input
   * {@code bias}: one where neither bias nor sum are asked for, else one that makes the sum first.
   */
  static @Nullable Lowered lower(
      LoweringContext context, NormProblem.Kind kind, int beta, int bias) {
    TensorSpec x = context.input(0);
    Shape shape = x.shape();
    if (shape.rank() == 0 || context.outputOrNull(1) != null || context.outputOrNull(2) != null) {
      return null;
    }
    long rows = shape.size(0, shape.rank() - 1);
    long length = shape.dim(-1);
    boolean keeps = context.outputOrNull(SUM) != null;
    if (!keeps && context.inputOrNull(bias) == null) {
      return LayerNormalization.normalization(
          context, kind, rows, length, new LayerNormalization.Parameters(2, beta, 1, EPSILON));
    }
    PreparedKernel skip = addition(context, 1, 1);
    PreparedKernel biasing = context.inputOrNull(bias) == null ? null : addition(context, 2, bias);
    PreparedKernel normalization =
        LayerNormalization.kernel(
            context,
            0,
            kind,
            rows,
            length,
            new LayerNormalization.Parameters(2, beta, -1, EPSILON));
    if (skip == null
        || normalization == null
        || context.inputOrNull(bias) != null && biasing == null) {
      return null;
    }
    int threads = context.threads();
    return Lowered.of(buffers -> {
      MemorySegment sum = buffers.output(keeps ? SUM : 0);
      List<Runnable> calls = new ArrayList<>();
      calls.add(skip.bind(Operands.of(buffers.input(0), buffers.input(1), sum), threads));
      if (biasing != null) {
        calls.add(biasing.bind(Operands.of(sum, buffers.input(bias), sum), threads));
      }
      calls.add(normalization.bind(Operands.of(sum, buffers.output(0)), threads));
      return Lowerings.inTurn(calls.toArray(Runnable[]::new));
    });
  }

  /** What adds an input to what is of the shape of input 0; null where it does not fit that. */
  private static @Nullable PreparedKernel addition(LoweringContext context, int part, int input) {
    TensorSpec x = context.input(0);
    TensorSpec added = context.input(input);
    int axes = x.shape().rank() - added.shape().rank();
    boolean fits = added.dtype() == x.dtype() && axes >= 0;
    for (int i = 0; fits && i < added.shape().rank(); i++) {
      long size = added.shape().dim(i);
      boolean last = i == added.shape().rank() - 1;
      fits = size == x.shape().dim(axes + i) || size == 1 && !last;
    }
    return fits
        ? context.prepare(
            part,
            new BinaryProblem(
                BinaryFunction.ADD, x.dtype(), Broadcast.of(x.shape(), added.shape())),
            () -> Weights.NONE)
        : null;
  }

  /** The normalized rows and, if there are more outputs than one, the sum as the fourth. */
  static List<? extends @Nullable Tensor> outputs(OpContext context, double[] y, double[] sum) {
    Tensor x = context.tensor(0);
    List<@Nullable Tensor> outputs = new ArrayList<>();
    outputs.add(Reals.tensor(context, x.dtype(), x.shape(), y));
    if (context.node().outputs().size() > 1) {
      outputs.add(null);
      outputs.add(null);
      outputs.add(Reals.tensor(context, x.dtype(), x.shape(), sum));
    }
    return outputs;
  }

  /** Adds an input to rows of {@code width}; it may repeat over the leading axes. */
  static void add(OpContext context, double[] sum, int input, int width) {
    double[] addend = Reals.doubles(context.tensor(input));
    if (addend.length == 0
        || sum.length % addend.length != 0
        || addend.length % Math.max(1, width) != 0) {
      throw context.error("input " + input + " of shape " + context.tensor(input).shape());
    }
    for (int i = 0; i < sum.length; i++) {
      sum[i] += addend[i % addend.length];
    }
  }

  /** Normalizes rows of {@code width} in place. */
  static void normalize(
      OpContext context,
      double[] x,
      Tensor gamma,
      @Nullable Tensor beta,
      int width,
      double epsilon) {
    if (gamma.size() != width || beta != null && beta.size() != width) {
      throw context.error("scale or bias do not fit rows of " + width);
    }
    double[] scale = Reals.doubles(gamma);
    double[] bias = beta == null ? new double[width] : Reals.doubles(beta);
    for (int row = 0; row < x.length; row += width) {
      Normalization.normalize(x, row, row + width, epsilon);
      for (int i = 0; i < width; i++) {
        x[row + i] = x[row + i] * scale[i] + bias[i];
      }
    }
  }
}
