package io.compresso.kernel;

import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.tensor.DType;
import java.util.List;

/**
 * Pooling over sliding windows of the elements that lie in the input; a window wholly outside of it
 * gives the least value of the type, or NaN from an average. A global pooling is a window of the
 * whole input.
 *
 * <p>Floats are averaged in single precision, in which sums may overflow. 8-bit averages are
 * requantized: {@code y = saturate(rint((sum - n * zx) * (scale / count)) + zy)} in single
 * precision, n being the elements in the input and count those that the average counts, with {@code
 * zx}, {@code scale} and {@code zy} the zero point, the scale (input's by output's) and the
 * output's zero point of {@link Weights#quantization()}; 0 where count is 0. An 8-bit maximum has
 * no constants.
 *
 * @param type of input and output
 * @param axes one to three, outermost first
 */
public record PoolProblem(
    Kind kind, DType type, Layout layout, int batch, int channels, List<SpatialAxis> axes)
    implements Problem {
  /** What a window is reduced to. */
  public enum Kind {
    /** The greatest element; NaN if there is one. */
    MAX,
    /** The mean of the elements in the input. */
    AVERAGE,
    /** The mean with zeros for the padding. */
    AVERAGE_WITH_PADDING
  }

  public PoolProblem {
    axes = List.copyOf(axes);
    Sizes.require("batch", batch);
    Sizes.require("channels", channels);
    if (axes.isEmpty() || axes.size() > 3) {
      throw new IllegalArgumentException("pooling with %d spatial axes".formatted(axes.size()));
    }
  }

  /** Pooling of each channel's whole {@code axes}. */
  public static PoolProblem global(
      Kind kind, DType type, Layout layout, int batch, int channels, int... sizes) {
    List<SpatialAxis> axes =
        java.util.Arrays.stream(sizes)
            .mapToObj(size -> SpatialAxis.of(size, Math.max(1, size), 0))
            .toList();
    return new PoolProblem(kind, type, layout, batch, channels, axes);
  }

  /** Input elements of one channel. */
  public long inputArea() {
    long product = 1;
    for (int i = 0; i < axes.size(); i++) {
      product = Math.multiplyExact(product, axes.get(i).size());
    }
    return product;
  }

  /** Output elements of one channel. */
  public long outputArea() {
    long product = 1;
    for (int i = 0; i < axes.size(); i++) {
      product = Math.multiplyExact(product, axes.get(i).outputSize());
    }
    return product;
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.POOL;
  }

  @Override
  public long inputBytes() {
    return type.bytes(Sizes.product(batch, channels, inputArea()));
  }

  @Override
  public long outputBytes() {
    return type.bytes(Sizes.product(batch, channels, outputArea()));
  }
}
