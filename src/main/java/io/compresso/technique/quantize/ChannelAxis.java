package io.compresso.technique.quantize;

import io.compresso.tensor.Shape;

/**
 * A tensor seen as {@code outer} times {@code channels} runs of {@code inner} elements.
 *
 * @param outer what comes before the channel axis
 * @param inner what comes after it
 */
record ChannelAxis(long outer, int channels, int inner) {
  /**
   * The axis of a value.
   *
   * @param shape as shown
   * @param axis as the model has it, negative from the end
   * @param channelsLast whether the value is shown with axis 1 moved to the end
   */
  static ChannelAxis of(Shape shape, int axis, boolean channelsLast) {
    int at = shape.normalizeAxis(axis);
    if (channelsLast && at > 0) {
      at = at == 1 ? shape.rank() - 1 : at - 1;
    }
    return new ChannelAxis(
        shape.size(0, at),
        Math.toIntExact(shape.dim(at)),
        Math.toIntExact(shape.size(at + 1, shape.rank())));
  }

  long elements() {
    return outer * channels * inner;
  }
}
