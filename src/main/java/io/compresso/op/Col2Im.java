package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Adds the columns {@code [N, C * block, L]} of sliding blocks up to images {@code [N, C, ...]}.
 */
final class Col2Im implements Operator {
  @Override
  public String opType() {
    return "Col2Im";
  }

  @Override
  public List<Integer> versions() {
    return List.of(18);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = context.dtype(0);
      List<Dim> x = context.dims(0);
      List<Dim> image = Dims.elements(context, 1);
      if (dtype == null) {
        return List.of(Inferred.UNKNOWN);
      }
      if (image == null) {
        return List.of(Inferred.tensor(dtype, null));
      }
      List<Dim> dims = new ArrayList<>();
      dims.add(x == null || x.isEmpty() ? Dim.UNKNOWN : x.getFirst());
      long[] block = Dims.longs(context, 2);
      Long rows = x == null || x.size() < 2 ? null : x.get(1).sizeOrNull();
      dims.add(block == null || rows == null ? Dim.UNKNOWN : Dim.of(rows / product(block)));
      dims.addAll(image);
      return List.of(Inferred.tensor(dtype, dims));
    };
  }

  private static long product(long[] values) {
    long product = 1;
    for (long value : values) {
      product = Math.multiplyExact(product, Math.max(1, value));
    }
    return product;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    long[] image = context.tensor(1).toLongs();
    long[] block = context.tensor(2).toLongs();
    long area = product(block);
    if (x.shape().rank() != 3 || x.shape().dim(1) % area != 0) {
      throw context.error("input " + x.shape() + " for blocks of " + area);
    }
    long[] dims = new long[image.length + 2];
    dims[0] = x.shape().dim(0);
    dims[1] = x.shape().dim(1) / area;
    System.arraycopy(image, 0, dims, 2, image.length);
    Shape shape = Shape.of(dims);
    Window window = Window.of(context.node(), shape, block, false);
    if (window.outSize() != x.shape().dim(2)) {
      throw context.error("input %s for %d block positions".formatted(x.shape(), window.outSize()));
    }
    double[] y = new double[Math.toIntExact(shape.size())];
    int planes = Math.toIntExact(dims[0] * dims[1]);
    double[] columns = Reals.doubles(x);
    for (int plane = 0; plane < planes; plane++) {
      int from = plane * window.kernelSize() * window.outSize();
      add(columns, from, window, y, plane * window.inSize());
    }
    return Reals.tensor(context, x.dtype(), shape, y);
  }

  /**
   * Adds the columns {@code [kernel, positions]} of one channel up.
   *
   * @param from where the channel's columns begin
   * @param base where the channel's image begins
   */
  static void add(double[] columns, int from, Window window, double[] y, int base) {
    int[] in = window.in();
    int[] out = window.out();
    int[] kernel = window.kernel();
    int c = from;
    for (int k = 0; k < window.kernelSize(); k++) {
      int kd = k / (kernel[1] * kernel[2]) * window.dilation()[0];
      int kh = k / kernel[2] % kernel[1] * window.dilation()[1];
      int kw = k % kernel[2] * window.dilation()[2];
      for (int od = 0; od < out[0]; od++) {
        int d = window.start(0, od) + kd;
        for (int oh = 0; oh < out[1]; oh++) {
          int h = window.start(1, oh) + kh;
          if (d < 0 || d >= in[0] || h < 0 || h >= in[1]) {
            c += out[2];
            continue;
          }
          int row = base + (d * in[1] + h) * in[2];
          for (int ow = 0; ow < out[2]; ow++, c++) {
            int w = window.start(2, ow) + kw;
            if (w >= 0 && w < in[2]) {
              y[row + w] += columns[c];
            }
          }
        }
      }
    }
  }
}
