package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * ONNX Runtime's rotary embedding (Su et al., "RoFormer", 2021) of {@code [batch, sequence, heads *
 * size]} or {@code [batch, heads, sequence, size]}. Positions are {@code [batch, sequence]}, or the
 * first position of every sequence. Attribute {@code scale} takes no part, as in ONNX Runtime; with
 * {@code is_packed_batching} a sequence may be longer than the caches.
 */
final class MicrosoftRotaryEmbedding extends MicrosoftOperator {
  @Override
  public String opType() {
    return "RotaryEmbedding";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Tensor positions = context.tensor(1);
    Shape caches = context.tensor(2).shape();
    if (caches.rank() != 2 || !context.tensor(3).shape().equals(caches)) {
      throw context.error(
          "caches %s and %s, not both [positions, half]"
              .formatted(caches, context.tensor(3).shape()));
    }
    Layout layout = Layout.of(context, x.shape(), Math.toIntExact(2 * caches.dim(1)));
    boolean packed = context.node().intAttribute("is_packed_batching", 0) != 0;
    if (!packed && layout.sequence() > caches.dim(0)) {
      throw context.error(
          "a sequence of %d for caches of %d positions, and 'is_packed_batching' is 0"
              .formatted(layout.sequence(), caches.dim(0)));
    }
    boolean start = positions.shape().rank() <= 1 && positions.size() == 1;
    if (!start && !positions.shape().equals(Shape.of(x.shape().dim(0), layout.sequence()))) {
      throw context.error(
          "input 'position_ids' %s for input %s".formatted(positions.shape(), x.shape()));
    }
    RotaryEmbedding.Rotation rotation =
        new RotaryEmbedding.Rotation(
            context.tensor(2),
            context.tensor(3),
            Math.toIntExact(caches.dim(1)),
            context.node().intAttribute("interleaved", 0) != 0);
    double[] values = Reals.doubles(x);
    for (int at = 0, row = 0; at < values.length; at += layout.size(), row++) {
      int step = layout.step(row);
      long token = (long) (row / layout.heads() / layout.sequence()) * layout.sequence() + step;
      long position = start ? positions.getLong(0) + step : positions.getLong(token);
      rotation.turn(context, values, at, position);
    }
    return Reals.tensor(context, x.dtype(), x.shape(), values);
  }

  /** Where the heads lie; {@code flat} for an input of three axes. */
  private record Layout(boolean flat, int heads, int sequence, int size) {
    static Layout of(OpContext context, Shape shape, int turned) {
      long rotated = context.node().intAttribute("rotary_embedding_dim", 0);
      long heads = context.node().intAttribute("num_heads", 0);
      if (rotated != 0 && (rotated != turned || heads < 1)) {
        throw context.error(
            "attribute 'rotary_embedding_dim' is %d with 'num_heads' %d and caches for %d elements"
                .formatted(rotated, heads, turned));
      }
      if (shape.rank() == 4) {
        if (turned > shape.dim(3) || heads > 0 && heads != shape.dim(1)) {
          throw context.error(
              "input %s for attribute 'num_heads' %d and caches for %d elements"
                  .formatted(shape, heads, turned));
        }
        return new Layout(false, (int) shape.dim(1), (int) shape.dim(2), (int) shape.dim(3));
      }
      if (shape.rank() != 3) {
        throw context.error("input " + shape + " has neither 3 nor 4 axes");
      }
      long count = rotated == 0 && turned > 0 ? shape.dim(2) / turned : heads;
      if (count < 1 || shape.dim(2) % count != 0 || turned > shape.dim(2) / count) {
        throw context.error(
            "input %s for attribute 'num_heads' %d and caches for %d elements"
                .formatted(shape, heads, turned));
      }
      return new Layout(true, (int) count, (int) shape.dim(1), (int) (shape.dim(2) / count));
    }

    int step(int row) {
      return flat ? row / heads % sequence : row % sequence;
    }
  }
}
