package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The Fourier transforms of windowed frames of signals, a step apart. */
final class STFT extends StandardOperator {
  STFT() {
    super("STFT", 17);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      Dim batch = dims == null ? Dim.UNKNOWN : dims.getFirst();
      long[] step = Dims.longs(context, 1);
      Integer window = Dims.length(context, 2);
      long[] given = Dims.longs(context, 3);
      Long length =
          given != null ? Long.valueOf(given[0]) : window == null ? null : Long.valueOf(window);
      Dim frames = Dim.UNKNOWN;
      Dim bins = Dim.UNKNOWN;
      if (length != null) {
        boolean onesided = context.node().intAttribute("onesided", 1) != 0;
        bins = Dim.of(onesided ? length / 2 + 1 : length);
        Long signal = dims == null || dims.size() < 2 ? null : dims.get(1).sizeOrNull();
        if (signal != null && step != null && step[0] > 0 && signal >= length) {
          frames = Dim.of((signal - length) / step[0] + 1);
        }
      }
      return List.of(Dims.tensor(context.dtype(0), List.of(batch, frames, bins, Dim.of(2))));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      long step = context.tensor(1).getLong(0);
      Tensor window = context.tensorOrNull(2);
      Tensor given = context.tensorOrNull(3);
      int rank = x.shape().rank();
      long parts = rank == 3 ? x.shape().dim(2) : 1;
      if (rank != 2 && rank != 3 || parts != 1 && parts != 2) {
        throw context.error(x + " holds no signals");
      }
      if (given == null && window == null) {
        throw context.error("neither a window nor a frame length is given");
      }
      int length =
          Math.toIntExact(given != null ? given.getLong(0) : window == null ? 0 : window.size());
      long signal = x.shape().dim(1);
      if (step < 1 || length < 1 || length > signal) {
        throw context.error("frames of " + length + " each " + step + " of a signal of " + signal);
      }
      return List.of(frames(context, x, window, step, length));
    });
  }

  private static Tensor frames(
      OpContext context, Tensor x, @Nullable Tensor window, long step, int length) {
    boolean onesided = context.node().intAttribute("onesided", 1) != 0;
    int parts = x.shape().rank() == 3 ? (int) x.shape().dim(2) : 1;
    long signal = x.shape().dim(1);
    long frames = (signal - length) / step + 1;
    int bins = onesided ? length / 2 + 1 : length;
    Tensor y = context.allocate(x.dtype(), Shape.of(x.shape().dim(0), frames, bins, 2));
    long pad = window == null ? 0 : (length - window.size()) / 2;
    for (long i = 0; i < x.shape().dim(0) * frames; i++) {
      double[] re = new double[length];
      double[] im = new double[length];
      long from = i / frames * signal + i % frames * step;
      for (int k = 0; k < length; k++) {
        boolean outside = window != null && (k < pad || k - pad >= window.size());
        double weight = window == null ? 1 : outside ? 0 : window.getDouble(k - pad);
        re[k] = x.getDouble((from + k) * parts) * weight;
        im[k] = parts == 2 ? x.getDouble((from + k) * parts + 1) * weight : 0;
      }
      Fourier.transform(re, im, false);
      for (int k = 0; k < bins; k++) {
        y.setDouble((i * bins + k) * 2, re[k]);
        y.setDouble((i * bins + k) * 2 + 1, im[k]);
      }
    }
    return y;
  }
}
