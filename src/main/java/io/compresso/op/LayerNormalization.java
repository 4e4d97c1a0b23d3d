package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.NormProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The axes from {@code axis} on normalized together; also gives mean and inverse deviation. */
final class LayerNormalization implements Operator {
  @Override
  public String opType() {
    return "LayerNormalization";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 17);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Inferred> outputs = new ArrayList<>();
      outputs.add(Inferred.of(context.input(0).type()));
      List<Dim> dims = context.dims(0);
      if (dims != null) {
        dims = new ArrayList<>(dims);
        int axis = Dims.axis(context, context.node().intAttribute("axis", -1), dims.size());
        for (int i = axis; i < dims.size(); i++) {
          dims.set(i, Dim.of(1));
        }
      }
      DType stash = DType.ofCode((int) context.node().intAttribute("stash_type", 1));
      for (int i = 1; i < context.node().outputs().size(); i++) {
        outputs.add(Inferred.tensor(stash, dims));
      }
      return outputs;
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(LayerNormalization::run);
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    Shape shape = x.shape();
    int axis = shape.normalizeAxis(context.node().intAttribute("axis", -1));
    if (context.node().outputs().size() > 1) {
      return null;
    }
    return normalization(
        context,
        NormProblem.Kind.LAYER,
        shape.size(0, axis),
        shape.size(axis, shape.rank()),
        new Parameters(1, 2, -1, 1e-5f));
  }

  /**
   * Which inputs scale, bias and skip are, negative for none, and what epsilon is where the node
   * does not say it.
   */
  record Parameters(int scale, int bias, int skip, float epsilon) {
    private NormProblem.Terms terms(LoweringContext context) {
      return new NormProblem.Terms(has(context, scale), has(context, bias), has(context, skip));
    }

    private static boolean has(LoweringContext context, int input) {
      return input >= 0 && context.inputOrNull(input) != null;
    }
  }

  /**
   * The kernel of normalized rows; null where parameters vary or do not fit the rows.
   *
   * @param part the node's part that is free for it
   */
  static @Nullable PreparedKernel kernel(
      LoweringContext context,
      int part,
      NormProblem.Kind kind,
      long rows,
      long length,
      Parameters parameters) {
    DType type = context.input(0).dtype();
    NormProblem.Terms terms = parameters.terms(context);
    Tensor scale = context.constant(parameters.scale());
    Tensor bias = terms.bias() ? context.constant(parameters.bias()) : null;
    if (scale == null
        || scale.size() != length
        || scale.dtype() != type
        || terms.bias() && (bias == null || bias.size() != length || bias.dtype() != type)
        || terms.skip() && context.input(parameters.skip()).shape().size() != rows * length) {
      return null;
    }
    float epsilon = context.node().floatAttribute("epsilon", parameters.epsilon());
    return context.prepare(
        part,
        new NormProblem(kind, type, rows, Math.toIntExact(length), epsilon, terms),
        () ->
            Weights.of(Products.memory(scale))
                .withBias(bias == null ? null : Products.memory(bias)));
  }

  /** Normalized rows of input 0 as a kernel; null where parameters vary or do not fit the rows. */
  static @Nullable Lowered normalization(
      LoweringContext context,
      NormProblem.Kind kind,
      long rows,
      long length,
      Parameters parameters) {
    PreparedKernel kernel = kernel(context, 0, kind, rows, length, parameters);
    if (kernel == null) {
      return null;
    }
    boolean skips = parameters.terms(context).skip();
    int threads = context.threads();
    return Lowered.of(
            buffers -> {
              Operands operands =
                  Operands.of(buffers.input(0), buffers.output(0))
                      .withThird(skips ? buffers.input(parameters.skip()) : null);
              return kernel.bind(operands, threads)::run;
            })
        .withInPlace(0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }

  private static List<Tensor> run(OpContext context) {
    Tensor x = context.tensor(0);
    Shape shape = x.shape();
    int axis = axis(context, shape);
    int length = Math.toIntExact(shape.size(axis, shape.rank()));
    double[] values = Reals.doubles(x);
    double[] scale = repeated(context, context.tensor(1), shape, axis);
    Tensor biasInput = context.tensorOrNull(2);
    double[] bias = biasInput == null ? null : repeated(context, biasInput, shape, axis);
    double epsilon = context.node().floatAttribute("epsilon", 1e-5f);
    int rows = length == 0 ? 0 : values.length / length;
    double[] mean = new double[rows];
    double[] inverse = new double[rows];
    for (int row = 0; row < rows; row++) {
      int from = row * length;
      Normalization.Moments moments = Normalization.moments(values, from, from + length, epsilon);
      mean[row] = moments.mean();
      inverse[row] = moments.inverseDeviation();
      for (int i = 0; i < length; i++) {
        double y = (values[from + i] - mean[row]) * inverse[row] * scale[(from + i) % scale.length];
        values[from + i] = bias == null ? y : y + bias[(from + i) % bias.length];
      }
    }
    List<Tensor> outputs = new ArrayList<>();
    outputs.add(Reals.tensor(context, x.dtype(), shape, values));
    if (context.node().outputs().size() > 1) {
      long[] dims = shape.dims();
      java.util.Arrays.fill(dims, axis, dims.length, 1);
      DType stash = DType.ofCode((int) context.node().intAttribute("stash_type", 1));
      outputs.add(Reals.tensor(context, stash, Shape.of(dims), mean));
      outputs.add(Reals.tensor(context, stash, Shape.of(dims), inverse));
    }
    return outputs;
  }

  static int axis(OpContext context, Shape shape) {
    long axis = context.node().intAttribute("axis", -1);
    if (axis < -shape.rank() || axis >= shape.rank()) {
      throw context.error("axis " + axis + " is outside shape " + shape);
    }
    return (int) (axis < 0 ? axis + shape.rank() : axis);
  }

  /**
   * A parameter such that element {@code i} of {@code x} takes element {@code i % length} of it:
   * either as long as the normalized axes, or broadcast to the whole of {@code x}.
   */
  static double[] repeated(OpContext context, Tensor parameter, Shape x, int axis) {
    double[] values = Reals.doubles(parameter);
    if (values.length == x.size(axis, x.rank()) || values.length == 1) {
      return values;
    }
    return broadcast(context, parameter.shape(), values, x);
  }

  private static double[] broadcast(OpContext context, Shape from, double[] values, Shape to) {
    if (from.rank() > to.rank() || !from.broadcast(to).equals(to)) {
      throw context.error("parameter of shape " + from + " does not broadcast to " + to);
    }
    double[] result = new double[Math.toIntExact(to.size())];
    long[] strides = from.strides();
    long[] dims = to.dims();
    int offset = to.rank() - from.rank();
    for (int i = 0; i < result.length; i++) {
      long rest = i;
      long at = 0;
      for (int d = dims.length - 1; d >= offset; d--) {
        if (from.dim(d - offset) != 1) {
          at += rest % dims[d] * strides[d - offset];
        }
        rest /= dims[d];
      }
      result[i] = values[(int) at];
    }
    return result;
  }
}
