package io.compresso.data.image;

/**
 * Bilinear resampling with half-pixel centres. When an axis shrinks, the triangle grows by the same
 * factor, so that every source pixel counts (the antialiased form that Pillow and torchvision use).
 */
final class Resampler {
  private Resampler() {}

  /**
   * Resizes planes and keeps the centre. Work and memory go with what is kept, not with the resized
   * image.
   *
   * @param planes {@code count} planes of the source axes' sizes
   */
  static float[] resize(float[] planes, int count, Axis horizontal, Axis vertical) {
    long rowsFirst = (long) vertical.size * horizontal.kept;
    long columnsFirst = (long) horizontal.size * vertical.kept;
    if (rowsFirst <= columnsFirst) {
      float[] rows = alongRows(planes, count * vertical.size, horizontal);
      return alongColumns(rows, count, horizontal.kept, vertical);
    }
    float[] columns = alongColumns(planes, count, horizontal.size, vertical);
    return alongRows(columns, count * vertical.kept, horizontal);
  }

  private static float[] alongRows(float[] source, int rows, Axis axis) {
    float[] result = new float[Math.multiplyExact(rows, axis.kept)];
    for (int row = 0; row < rows; row++) {
      for (int x = 0; x < axis.kept; x++) {
        double[] weights = axis.weights[x];
        int from = row * axis.size + axis.starts[x];
        double sum = 0;
        for (int k = 0; k < weights.length; k++) {
          sum += weights[k] * source[from + k];
        }
        result[row * axis.kept + x] = (float) sum;
      }
    }
    return result;
  }

  private static float[] alongColumns(float[] source, int count, int width, Axis axis) {
    float[] result = new float[Math.multiplyExact(count * axis.kept, width)];
    for (int c = 0; c < count; c++) {
      for (int y = 0; y < axis.kept; y++) {
        double[] weights = axis.weights[y];
        int from = (c * axis.size + axis.starts[y]) * width;
        int to = (c * axis.kept + y) * width;
        for (int x = 0; x < width; x++) {
          double sum = 0;
          for (int k = 0; k < weights.length; k++) {
            sum += weights[k] * source[from + k * width + x];
          }
          result[to + x] = (float) sum;
        }
      }
    }
    return result;
  }

  /** For each kept position of a resized axis the source positions that it is made of. */
  static final class Axis {
    private final int size;
    private final int kept;
    private final int[] starts;
    private final double[][] weights;

    /**
     * @param size positions of the source
     * @param newSize positions that they are resized to
     * @param kept how many of these are kept, from the centre
     */
    Axis(int size, long newSize, int kept) {
      this.size = size;
      this.kept = kept;
      starts = new int[kept];
      weights = new double[kept][];
      long first = (newSize - kept) / 2;
      double scale = (double) size / newSize;
      double support = Math.max(1, scale);
      for (int i = 0; i < kept; i++) {
        double center = (first + i + 0.5) * scale;
        int start = Math.max(0, (int) (center - support + 0.5));
        int end = Math.min(size, (int) (center + support + 0.5));
        double[] w = new double[Math.max(1, end - start)];
        double total = 0;
        for (int k = 0; k < w.length; k++) {
          w[k] = Math.max(0, 1 - Math.abs((start + k - center + 0.5) / support));
          total += w[k];
        }
        for (int k = 0; k < w.length; k++) {
          w[k] = total == 0 ? 1.0 / w.length : w[k] / total;
        }
        starts[i] = start;
        weights[i] = w;
      }
    }
  }
}
