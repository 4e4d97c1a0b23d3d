package io.compresso.kernel;

import java.util.List;

/**
 * A convolution, in the sense of ONNX Conv (cross-correlation), of one to three spatial axes.
 *
 * <p>Input {@code [batch, channels.in, size...]} and output {@code [batch, channels.out, out...]}
 * lie as {@code layout} says; weights always as {@code [channels.out, channels.in / groups,
 * kernel...]}. Padding stands for 0, in 8-bit problems for the input zero point.
 */
public record ConvProblem(
    OperandTypes types,
    Layout layout,
    int batch,
    Channels channels,
    List<SpatialAxis> axes,
    Epilogue epilogue)
    implements ProductProblem {
  /** How the data operands lie. */
  public enum Layout {
    /** Channels before the spatial axes. */
    NCHW,
    /** Channels innermost. */
    NHWC
  }

  /** Channel counts; both must be multiples of {@code groups}. */
  public record Channels(int in, int out, int groups) {
    public Channels {
      if (in < 0 || out < 0 || groups < 1 || in % groups != 0 || out % groups != 0) {
        throw new IllegalArgumentException(
            "channels in=%d out=%d groups=%d".formatted(in, out, groups));
      }
    }

    public int inPerGroup() {
      return in / groups;
    }

    public int outPerGroup() {
      return out / groups;
    }
  }

  public ConvProblem {
    axes = List.copyOf(axes);
    if (batch < 0 || axes.isEmpty() || axes.size() > 3) {
      throw new IllegalArgumentException(
          "convolution of batch=%d with %d spatial axes".formatted(batch, axes.size()));
    }
  }

  @Override
  public ConvProblem withTypes(OperandTypes newTypes) {
    return new ConvProblem(newTypes, layout, batch, channels, axes, epilogue);
  }

  @Override
  public ConvProblem withEpilogue(Epilogue newEpilogue) {
    return new ConvProblem(types, layout, batch, channels, axes, newEpilogue);
  }

  /** Input elements of one channel. */
  public long inputArea() {
    long area = 1;
    for (int i = 0; i < axes.size(); i++) {
      SpatialAxis axis = axes.get(i);
      area = Math.multiplyExact(area, axis.size());
    }
    return area;
  }

  /** Output elements of one channel. */
  public long outputArea() {
    long area = 1;
    for (int i = 0; i < axes.size(); i++) {
      SpatialAxis axis = axes.get(i);
      area = Math.multiplyExact(area, axis.outputSize());
    }
    return area;
  }

  /** Weights of one input channel of one filter. */
  public long kernelArea() {
    long area = 1;
    for (int i = 0; i < axes.size(); i++) {
      SpatialAxis axis = axes.get(i);
      area = Math.multiplyExact(area, axis.kernel());
    }
    return area;
  }

  /** Products of one sum: input channels of a group times the filter's area. */
  public long depth() {
    return Math.multiplyExact(channels.inPerGroup(), kernelArea());
  }

  /** Whether each input channel has filters of its own. */
  public boolean isDepthwise() {
    return channels.groups() > 1 && channels.inPerGroup() == 1;
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.CONV;
  }

  @Override
  public long inputBytes() {
    return types.input().bytes(elements(channels.in(), inputArea()));
  }

  @Override
  public long weightBytes() {
    return types.weight().bytes(Math.multiplyExact(channels.out(), depth()));
  }

  @Override
  public long outputBytes() {
    return types.output().bytes(elements(channels.out(), outputArea()));
  }

  private long elements(int channelCount, long area) {
    return Math.multiplyExact((long) batch * channelCount, area);
  }

  @Override
  public int outputChannels() {
    return channels.out();
  }

  @Override
  public long macs() {
    return Math.multiplyExact(elements(channels.out(), outputArea()), depth());
  }
}
