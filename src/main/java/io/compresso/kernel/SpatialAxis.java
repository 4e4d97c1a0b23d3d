package io.compresso.kernel;

/**
 * One spatial axis of a convolution, counts in elements.
 *
 * @param size input size
 * @param kernel filter size
 * @param stride step of the window
 * @param dilation step inside the window
 * @param padBegin padding before the first element
 * @param padEnd padding after the last element
 */
public record SpatialAxis(
    int size, int kernel, int stride, int dilation, int padBegin, int padEnd) {
  public SpatialAxis {
    if (size < 0 || kernel < 1 || stride < 1 || dilation < 1 || padBegin < 0 || padEnd < 0) {
      throw new IllegalArgumentException(
          "axis of size=%d kernel=%d stride=%d dilation=%d pads=%d,%d"
              .formatted(size, kernel, stride, dilation, padBegin, padEnd));
    }
  }

  /** An axis with stride and dilation 1 and the same padding on both sides. */
  public static SpatialAxis of(int size, int kernel, int pad) {
    return new SpatialAxis(size, kernel, 1, 1, pad, pad);
  }

  /** Elements that the dilated filter spans. */
  public long span() {
    return (long) dilation * (kernel - 1) + 1;
  }

  /** The output size, 0 when the filter is larger than the padded input. */
  public int outputSize() {
    long free = (long) size + padBegin + padEnd - span();
    return free < 0 ? 0 : Math.toIntExact(free / stride + 1);
  }
}
