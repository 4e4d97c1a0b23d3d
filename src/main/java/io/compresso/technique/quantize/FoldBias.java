package io.compresso.technique.quantize;

import io.compresso.graph.Attribute;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * Makes an Add of a constant for each channel the bias of the convolution before it, and a MatMul
 * of matrices with such an Add a Gemm.
 *
 * @param rankOf the rank of a value, -1 when it is not known
 */
record FoldBias(ToIntFunction<String> rankOf) implements Pass {
  @Override
  public Patch patch(Model model) {
    Graph graph = model.graph();
    GraphIndex index = new GraphIndex(graph);
    Names names = new Names(index.names());
    Patch patch = new Patch();
    for (Node add : graph.nodes()) {
      if (!add.is("Add")) {
        continue;
      }
      for (int side = 0; side < 2; side++) {
        Node producer = index.producer(add.inputs().get(side));
        Tensor addend = index.floatConstant(add.inputs().get(1 - side));
        if (producer != null
            && addend != null
            && index.onlyReader(producer.outputs().getFirst()) == add) {
          fold(index, names, patch, producer, add, addend);
          break;
        }
      }
    }
    return patch;
  }

  private void fold(
      GraphIndex index, Names names, Patch patch, Node producer, Node add, Tensor addend) {
    Tensor weights = index.floatConstant(producer.input(1));
    if (weights == null) {
      return;
    }
    if (producer.is("MatMul")) {
      int columns = weights.shape().rank() == 2 ? (int) weights.shape().dim(1) : -1;
      if (rankOf.applyAsInt(producer.inputs().getFirst()) == 2 && isRow(addend.shape(), columns)) {
        String bias = names.fresh(add.label(), "_b");
        patch.initializer(bias, Tensor.ofFloats(Shape.of(columns), addend.toFloats()));
        Node gemm =
            new Node(
                producer.name(),
                "",
                "Gemm",
                "",
                List.of(producer.inputs().get(0), producer.inputs().get(1), bias),
                add.outputs(),
                Map.of("transB", Attribute.of(0L)),
                producer.annotations());
        patch.replace(producer, gemm).remove(add);
      }
      return;
    }
    var layout = FoldBatchNormalization.ChannelLayout.of(producer, weights.shape());
    if (layout == null || producer.is("Gemm")) {
      return;
    }
    Tensor old = index.floatConstant(producer.input(2));
    boolean foldable = producer.input(2) == null || old != null;
    if (!foldable || !isPerChannel(addend.shape(), layout.channels(), weights.shape().rank())) {
      return;
    }
    float[] sum = new float[layout.channels()];
    for (int c = 0; c < sum.length; c++) {
      float more = addend.getFloat(addend.size() == 1 ? 0 : c);
      sum[c] = old == null ? more : old.getFloat(c) + more;
    }
    String bias = names.fresh(add.label(), "_b");
    patch.initializer(bias, Tensor.ofFloats(Shape.of(sum.length), sum));
    patch.replace(
        producer,
        producer
            .withInputs(List.of(producer.inputs().get(0), producer.inputs().get(1), bias))
            .withOutputs(add.outputs()));
    patch.remove(add);
  }

  private static boolean isRow(Shape shape, int columns) {
    return columns > 0
        && shape.size() == columns
        && shape.rank() >= 1
        && shape.rank() <= 2
        && shape.dim(-1) == columns;
  }

  /** Whether the shape broadcasts over {@code [N, C, spatial...]} as one value a channel. */
  private static boolean isPerChannel(Shape shape, int channels, int rank) {
    if (shape.rank() > rank || shape.rank() < rank - 1) {
      return shape.size() == 1 && shape.rank() <= rank;
    }
    long[] dims = shape.dims();
    int axis = shape.rank() - (rank - 1);
    return (dims[axis] == channels || shape.size() == 1)
        && Arrays.stream(dims).reduce(1, (a, b) -> a * b) == dims[axis];
  }
}
