package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Attention of {@code [batch, heads, length, size]} whose scores and probabilities {@code [batch,
 * heads, queries, keys]} may each go through a subgraph of the model's (Dong et al., "Flex
 * Attention", 2024). The subgraphs see them in {@code softmax_precision}: single precision unless
 * said, double where the operands are.
 */
final class FlexAttention implements Operator {
  @Override
  public String domain() {
    return "ai.onnx.preview";
  }

  @Override
  public String opType() {
    return "FlexAttention";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> q = context.dims(0);
      List<Dim> v = context.dims(2);
      if (q != null && q.size() != 4 || v != null && v.size() != 4) {
        throw context.error("query %s and value %s have not 4 axes".formatted(q, v));
      }
      List<Dim> dims = new ArrayList<>(q == null ? Dims.unknown(3) : q.subList(0, 3));
      dims.add(v == null ? Dim.UNKNOWN : v.get(3));
      return List.of(Dims.tensor(context.dtype(0), dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Shape q = context.tensor(0).shape();
    Shape k = context.tensor(1).shape();
    Shape v = context.tensor(2).shape();
    if (q.rank() != 4
        || k.rank() != 4
        || v.rank() != 4
        || q.dim(0) != k.dim(0)
        || k.dim(1) < 1
        || q.dim(1) % k.dim(1) != 0
        || q.dim(3) != k.dim(3)
        || !Arrays.equals(Arrays.copyOf(k.dims(), 3), Arrays.copyOf(v.dims(), 3))) {
      throw context.error("query %s, key %s and value %s do not fit".formatted(q, k, v));
    }
    DType precision = precision(context);
    Shape shape = Axes.shape(context, q.dim(0), q.dim(1), q.dim(2), k.dim(2));
    Tensor scores =
        Reals.tensor(context, precision, shape, scores(context, Math.toIntExact(shape.size())));
    double[] probabilities = Reals.doubles(changed(context, "score_mod", scores));
    int keys = Math.toIntExact(k.dim(2));
    for (int at = 0; at < probabilities.length; at += keys) {
      double[] row = Arrays.copyOfRange(probabilities, at, at + keys);
      Attention.Core.softmax(
          row, Arrays.stream(row).allMatch(score -> score == Double.NEGATIVE_INFINITY));
      System.arraycopy(row, 0, probabilities, at, keys);
    }
    Tensor weights =
        changed(context, "prob_mod", Reals.tensor(context, precision, shape, probabilities));
    return sums(context, Reals.doubles(weights), q.with(3, v.dim(3)));
  }

  private static DType precision(OpContext context) {
    DType type = context.tensor(0).dtype();
    long code = context.node().intAttribute("softmax_precision", 0);
    DType precision =
        code == 0 ? (type == DType.DOUBLE ? type : DType.FLOAT) : DType.ofCode((int) code);
    if (!precision.isFloat()) {
      throw context.error("attribute 'softmax_precision' is " + precision);
    }
    return precision;
  }

  /** Scaled products of queries and keys; several heads of queries may share one of keys. */
  private static double[] scores(OpContext context, int count) {
    Shape q = context.tensor(0).shape();
    Shape k = context.tensor(1).shape();
    double[] queries = Reals.doubles(context.tensor(0));
    double[] keys = Reals.doubles(context.tensor(1));
    int size = Math.toIntExact(q.dim(3));
    int length = Math.toIntExact(k.dim(2));
    double scale = context.node().floatAttribute("scale", (float) (1 / Math.sqrt(size)));
    double[] y = new double[count];
    for (int i = 0; i < count; i++) {
      int row = i / length;
      int key = (head(q, k, row) * length + i % length) * size;
      double sum = 0;
      for (int j = 0; j < size; j++) {
        sum += queries[row * size + j] * keys[key + j];
      }
      y[i] = scale * sum;
    }
    return y;
  }

  /** The batch and head of keys and values that row {@code row} of the queries reads. */
  private static int head(Shape q, Shape k, int row) {
    int head = (int) (row / q.dim(2));
    int shared = (int) (q.dim(1) / k.dim(1));
    return head / shared;
  }

  private static Tensor changed(OpContext context, String attribute, Tensor given) {
    Graph body = context.node().graphAttribute(attribute);
    if (body == null) {
      return given;
    }
    var values = context.run(body, Bodies.bind(context.node(), body, List.of(given)));
    if (values.size() != 1
        || !(values.getFirst() instanceof Tensor tensor)
        || !TensorSpec.of(tensor).equals(TensorSpec.of(given))) {
      throw context.error("'%s' gives %s for %s".formatted(attribute, values, given));
    }
    return tensor;
  }

  private static Tensor sums(OpContext context, double[] weights, Shape shape) {
    Tensor v = context.tensor(2);
    double[] values = Reals.doubles(v);
    int size = Math.toIntExact(shape.dim(3));
    int length = Math.toIntExact(v.shape().dim(2));
    double[] y = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < weights.length; i++) {
      int row = i / length;
      int value = (head(context.tensor(0).shape(), v.shape(), row) * length + i % length) * size;
      for (int j = 0; j < size; j++) {
        y[row * size + j] += weights[i] * values[value + j];
      }
    }
    return Reals.tensor(context, context.tensor(0).dtype(), shape, y);
  }
}
