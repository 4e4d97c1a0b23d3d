package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The sum of word, position and segment embeddings, normalized; also the mask's lengths. */
final class EmbedLayerNormalization extends MicrosoftOperator {
  @Override
  public String opType() {
    return "EmbedLayerNormalization";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> infer(context, context.dtype(2));
  }

  static List<Inferred> infer(ShapeContext context, @Nullable DType dtype) {
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
      outputs.add(i == 1 ? Inferred.tensor(DType.INT32, List.of(batch)) : Dims.tensor(dtype, dims));
    }
    return outputs;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor segments = context.tensorOrNull(4);
      return run(
          context,
          new Tables(
              Table.of(context.tensor(2)),
              Table.of(context.tensor(3)),
              segments == null ? null : Table.of(segments)),
          context.tensor(5),
          context.tensor(6),
          context.tensorOrNull(8),
          context.tensor(2).dtype());
    });
  }

  /** The embeddings of words, positions and, where there are any, segments. */
  record Tables(Table words, Table positions, @Nullable Table segments) {}

  /** Rows of numbers, each {@code scale * (value - zeroPoint)}. */
  record Table(Tensor values, float scale, int zeroPoint) {
    static Table of(Tensor values) {
      return new Table(values, 1, 0);
    }

    private int width() {
      return Math.toIntExact(values.shape().dim(-1));
    }

    private void add(OpContext context, double[] sum, int row, long index) {
      int width = width();
      if (index < 0 || index >= values.shape().dim(0)) {
        throw context.error("index " + index + " is outside an embedding of " + values.shape());
      }
      for (int i = 0; i < width; i++) {
        sum[row * width + i] += scale * (values.getDouble(index * width + i) - zeroPoint);
      }
    }
  }

  /**
   * The outputs.
   *
   * @param positions of the tokens; null where they count from 0
   */
  static List<Tensor> run(
      OpContext context,
      Tables tables,
      Tensor gamma,
      Tensor beta,
      @Nullable Tensor positions,
      DType dtype) {
    Tensor ids = context.tensor(0);
    Tensor segments = context.tensorOrNull(1);
    Shape words = tables.words.values.shape();
    for (Table table : new @Nullable Table[] {tables.words, tables.positions, tables.segments}) {
      if (table != null && (table.values.shape().rank() != 2 || table.width() != words.dim(-1))) {
        throw context.error("embeddings " + words + " and " + table.values.shape());
      }
    }
    if (ids.shape().rank() != 2) {
      throw context.error("ids " + ids.shape() + " with embeddings " + words);
    }
    Tensor mask = context.tensorOrNull(7);
    for (Tensor other : new @Nullable Tensor[] {segments, mask}) {
      if (other != null && !other.shape().equals(ids.shape())) {
        throw context.error("segments or mask " + other.shape() + " for ids " + ids.shape());
      }
    }
    if (positions != null
        && positions.size() != ids.size()
        && positions.size() != ids.shape().dim(1)) {
      throw context.error("positions " + positions.shape() + " for ids " + ids.shape());
    }
    int batch = Math.toIntExact(ids.shape().dim(0));
    int sequence = Math.toIntExact(ids.shape().dim(1));
    int width = tables.words.width();
    double[] sum = new double[Math.toIntExact(ids.size() * width)];
    for (int i = 0; i < ids.size(); i++) {
      tables.words.add(context, sum, i, ids.getLong(i));
      long position = positions == null ? i % sequence : positions.getLong(i % positions.size());
      tables.positions.add(context, sum, i, position);
      if (segments != null && tables.segments != null) {
        tables.segments.add(context, sum, i, segments.getLong(i));
      }
    }
    double[] y = sum.clone();
    SkipLayerNormalization.normalize(
        context, y, gamma, beta, width, context.node().floatAttribute("epsilon", 1e-12f));
    Shape shape = Shape.of(batch, sequence, width);
    Tensor lengths = context.allocate(DType.INT32, Shape.of(batch));
    for (long i = 0; mask != null && i < mask.size(); i++) {
      lengths.setLong(i / sequence, lengths.getLong(i / sequence) + mask.getLong(i));
    }
    return List.of(
        Reals.tensor(context, dtype, shape, y), lengths, Reals.tensor(context, dtype, shape, sum));
  }
}
