package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Convolution of images whose samples are moved by offsets and weighted by a mask (Dai et al.,
 * 2017; Zhu et al., 2019).
 */
final class DeformConv implements Operator {
  @Override
  public String opType() {
    return "DeformConv";
  }

  @Override
  public List<Integer> versions() {
    return List.of(19, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Convolution.infer(context, 0, 1, context.dtype(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Tensor w = context.tensor(1);
    Tensor offset = context.tensor(2);
    Tensor mask = context.tensorOrNull(4);
    if (x.shape().rank() != 4 || w.shape().rank() != 4) {
      throw context.error("input " + x.shape() + " with weights " + w.shape());
    }
    long[] kernel = {w.shape().dim(2), w.shape().dim(3)};
    Window window = Window.of(context.node(), x.shape(), kernel, false);
    long group = context.node().intAttribute("group", 1);
    long offsets = context.node().intAttribute("offset_group", 1);
    long points = window.kernelSize();
    Shape positions =
        Shape.of(x.shape().dim(0), Math.max(offsets, 1) * points, window.out()[1], window.out()[2]);
    if (group < 1
        || offsets < 1
        || x.shape().dim(1) != w.shape().dim(1) * group
        || x.shape().dim(1) % offsets != 0
        || w.shape().dim(0) % group != 0
        || !offset.shape().equals(positions.with(1, 2 * offsets * points))
        || mask != null && !mask.shape().equals(positions)) {
      throw context.error(
          "input %s, weights %s, offsets %s in %d groups and %d offset groups"
              .formatted(x.shape(), w.shape(), offset.shape(), group, offsets));
    }
    Samples samples =
        new Samples(
            Reals.doubles(x),
            Reals.doubles(offset),
            Reals.doubles(mask, null),
            window,
            Math.toIntExact(x.shape().dim(1)),
            Math.toIntExact(offsets));
    return convolve(context, samples, w, Math.toIntExact(group));
  }

  private static Tensor convolve(OpContext context, Samples samples, Tensor w, int group) {
    Window window = samples.window();
    Tensor x = context.tensor(0);
    Tensor bias = context.tensorOrNull(3);
    int outputs = Math.toIntExact(w.shape().dim(0));
    int perGroup = Math.toIntExact(w.shape().dim(1));
    int points = window.kernelSize();
    double[] weights = Reals.doubles(w);
    Shape shape = window.outShape(x.shape().dim(0), outputs);
    double[] y = new double[Math.toIntExact(shape.size())];
    double[] column = new double[samples.channels() * points];
    for (int n = 0; n < x.shape().dim(0); n++) {
      for (int o = 0; o < window.outSize(); o++) {
        samples.gather(n, o, column);
        for (int m = 0; m < outputs; m++) {
          int from = m / (outputs / group) * perGroup * points;
          double sum = bias == null ? 0 : bias.getDouble(m);
          for (int i = 0; i < perGroup * points; i++) {
            sum += weights[m * perGroup * points + i] * column[from + i];
          }
          y[(n * outputs + m) * window.outSize() + o] = sum;
        }
      }
    }
    return Reals.tensor(context, x.dtype(), shape, y);
  }

  private record Samples(
      double[] x,
      double[] offset,
      double @Nullable [] mask,
      Window window,
      int channels,
      int groups) {
    /** The moved samples under output {@code o}: {@code [channels, points]}. */
    void gather(int n, int o, double[] column) {
      int points = window.kernelSize();
      int row = o / window.out()[2];
      int start = window.start(2, o % window.out()[2]);
      for (int c = 0; c < channels; c++) {
        int g = c / (channels / groups);
        int plane = (n * channels + c) * window.inSize();
        for (int p = 0; p < points; p++) {
          int at = ((n * groups + g) * points + p) * 2 * window.outSize() + o;
          double h =
              window.start(1, row) + p / window.kernel()[2] * window.dilation()[1] + offset[at];
          double w =
              start + p % window.kernel()[2] * window.dilation()[2] + offset[at + window.outSize()];
          double weight =
              mask == null ? 1 : mask[((n * groups + g) * points + p) * window.outSize() + o];
          column[c * points + p] = weight * sample(plane, h, w);
        }
      }
    }

    private double sample(int plane, double h, double w) {
      int top = (int) Math.floor(h);
      int left = (int) Math.floor(w);
      double down = h - top;
      double across = w - left;
      return (1 - down) * ((1 - across) * at(plane, top, left) + across * at(plane, top, left + 1))
          + down
              * ((1 - across) * at(plane, top + 1, left) + across * at(plane, top + 1, left + 1));
    }

    private double at(int plane, int h, int w) {
      boolean inside = h >= 0 && h < window.in()[1] && w >= 0 && w < window.in()[2];
      return inside ? x[plane + h * window.in()[2] + w] : 0;
    }
  }
}
