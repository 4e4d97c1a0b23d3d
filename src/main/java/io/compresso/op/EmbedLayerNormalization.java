package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The sum of word, position and segment embeddings, normalized; also the mask's lengths. */
final class EmbedLayerNormalization extends MicrosoftOperator {
  @Override
  public String opType() {
    return "EmbedLayerNormalization";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> ids = context.dims(0);
      List<Dim> words = context.dims(2);
      Dim batch = ids == null || ids.size() != 2 ? Dim.UNKNOWN : ids.getFirst();
      List<Dim> dims =
          List.of(
              batch,
              ids == null || ids.size() != 2 ? Dim.UNKNOWN : ids.get(1),
              words == null || words.size() != 2 ? Dim.UNKNOWN : words.get(1));
      List<Inferred> outputs = new ArrayList<>();
      for (int i = 0; i < context.node().outputs().size(); i++) {
        outputs.add(
            i == 1
                ? Inferred.tensor(DType.INT32, List.of(batch))
                : Dims.tensor(context.dtype(2), dims));
      }
      return outputs;
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(EmbedLayerNormalization::run);
  }

  private static List<Tensor> run(OpContext context) {
    Tensor ids = context.tensor(0);
    Tensor segments = context.tensorOrNull(1);
    Tensor words = context.tensor(2);
    if (ids.shape().rank() != 2 || words.shape().rank() != 2) {
      throw context.error("ids " + ids.shape() + " with embeddings " + words.shape());
    }
    int batch = Math.toIntExact(ids.shape().dim(0));
    int sequence = Math.toIntExact(ids.shape().dim(1));
    int width = Math.toIntExact(words.shape().dim(1));
    Tensor positions = context.tensorOrNull(8);
    double[] sum = new double[Math.toIntExact(ids.size() * width)];
    for (int i = 0; i < ids.size(); i++) {
      add(context, sum, i, words, ids.getLong(i));
      long position = positions == null ? i % sequence : positions.getLong(i % positions.size());
      add(context, sum, i, context.tensor(3), position);
      if (segments != null && context.tensorOrNull(4) != null) {
        add(context, sum, i, context.tensor(4), segments.getLong(i));
      }
    }
    double[] y = sum.clone();
    SkipLayerNormalization.normalize(
        context,
        y,
        context.tensor(5),
        context.tensor(6),
        width,
        context.node().floatAttribute("epsilon", 1e-12f));
    Shape shape = Shape.of(batch, sequence, width);
    Tensor lengths = context.allocate(DType.INT32, Shape.of(batch));
    Tensor mask = context.tensorOrNull(7);
    for (long i = 0; mask != null && i < mask.size(); i++) {
      lengths.setLong(i / sequence, lengths.getLong(i / sequence) + mask.getLong(i));
    }
    return List.of(
        Reals.tensor(context, words.dtype(), shape, y),
        lengths,
        Reals.tensor(context, words.dtype(), shape, sum));
  }

  private static void add(OpContext context, double[] sum, int row, Tensor table, long index) {
    int width = Math.toIntExact(table.shape().dim(-1));
    if (index < 0 || index >= table.shape().dim(0)) {
      throw context.error("index " + index + " is outside an embedding of " + table.shape());
    }
    for (int i = 0; i < width; i++) {
      sum[row * width + i] += table.getDouble(index * width + i);
    }
  }
}
