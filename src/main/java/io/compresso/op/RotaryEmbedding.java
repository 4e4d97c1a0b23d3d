package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Rotates pairs of each head's elements by angles that grow with the position (Su et al.,
 * "RoFormer", 2021). The input is {@code [batch, heads, sequence, size]} or {@code [batch,
 * sequence, heads * size]}.
 */
final class RotaryEmbedding implements Operator {
  @Override
  public String opType() {
    return "RotaryEmbedding";
  }

  @Override
  public List<Integer> versions() {
    return List.of(23);
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
    Shape shape = x.shape();
    boolean flat = shape.rank() == 3;
    int heads =
        Math.toIntExact(
            flat
                ? context.node().intAttribute("num_heads", 0)
                : shape.rank() == 4 ? shape.dim(1) : 0);
    if (heads < 1 || flat && shape.dim(2) % heads != 0) {
      throw context.error("input " + shape + " with " + heads + " heads");
    }
    int sequence = Math.toIntExact(shape.dim(flat ? 1 : 2));
    int size = Math.toIntExact(flat ? shape.dim(2) / heads : shape.dim(3));
    int rotated = (int) context.node().intAttribute("rotary_embedding_dim", 0);
    rotated = rotated == 0 ? size : rotated;
    Tensor cosine = context.tensor(1);
    Tensor sine = context.tensor(2);
    int half = rotated / 2;
    if (rotated > size || cosine.shape().dim(-1) != half || !sine.shape().equals(cosine.shape())) {
      throw context.error(
          "caches %s and %s for %d rotated elements"
              .formatted(cosine.shape(), sine.shape(), rotated));
    }
    boolean interleaved = context.node().intAttribute("interleaved", 0) != 0;
    Tensor positions = context.tensorOrNull(3);
    double[] values = Reals.doubles(x);
    int rows = size == 0 ? 0 : values.length / size;
    Rotation rotation = new Rotation(cosine, sine, half, interleaved);
    for (int row = 0; row < rows; row++) {
      int step = flat ? row / heads % sequence : row % sequence;
      long token = (long) (row / heads / sequence) * sequence + step;
      long position = positions == null ? token : positions.getLong(token);
      rotation.turn(context, values, row * size, position);
    }
    return Reals.tensor(context, x.dtype(), shape, values);
  }

  /**
   * The turning of a head's first {@code 2 * half} elements.
   *
   * @param cosine of the angles, {@code [..., half]}, a row for each position
   * @param sine of the same shape
   * @param interleaved whether a pair's elements are neighbours, else {@code half} apart
   */
  record Rotation(Tensor cosine, Tensor sine, int half, boolean interleaved) {
    /** Turns the head from {@code at} on, which is at {@code position} of its sequence. */
    void turn(OpContext context, double[] values, int at, long position) {
      long rows = half == 0 ? 0 : cosine.size() / half;
      if (position < 0 || position >= rows) {
        throw context.error("position " + position + " is outside a cache of " + rows);
      }
      for (int i = 0; i < half; i++) {
        int a = at + (interleaved ? 2 * i : i);
        int b = at + (interleaved ? 2 * i + 1 : i + half);
        double cos = cosine.getDouble(position * half + i);
        double sin = sine.getDouble(position * half + i);
        double real = values[a];
        double imaginary = values[b];
        values[a] = cos * real - sin * imaginary;
        values[b] = sin * real + cos * imaginary;
      }
    }
  }
}
