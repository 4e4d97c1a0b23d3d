package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.PoolProblem.Kind;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.panel.Chunks;
import io.compresso.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;

/**
 * Pooling, portable: the channels of a pixel side by side when they are innermost, or else plane by
 * plane.
 */
public final class VectorPool extends VectorKernel<PoolProblem> {
  /** Sums of so many bytes are exact in single precision. */
  private static final long MOST_SUMMED = 1 << 15;

  private static final long MOST_ELEMENTS = Integer.MAX_VALUE / 8;

  public VectorPool() {
    super(KernelFamily.POOL, PoolProblem.class, EnumSet.allOf(DType.class));
  }

  private static boolean isByte(DType type) {
    return type == DType.UINT8 || type == DType.INT8;
  }

  @Override
  Acceptance accepts(PoolProblem problem) {
    long window = problem.axes().stream().mapToLong(SpatialAxis::kernel).reduce(1, (a, b) -> a * b);
    return Acceptance.when(
            FLOATS.contains(problem.type()) || isByte(problem.type()),
            "elements of type " + problem.type())
        .and(
            Acceptance.when(
                problem.type().isFloat() || window <= MOST_SUMMED,
                "more than %d bytes in a window".formatted(MOST_SUMMED)))
        .and(
            Acceptance.when(
                problem.inputArea() <= MOST_ELEMENTS && problem.outputArea() <= MOST_ELEMENTS,
                "planes of more elements than arrays"));
  }

  @Override
  void run(PoolProblem problem, Constants constants, Operands operands, int threads) {
    List<SpatialAxis> axes = new ArrayList<>(problem.axes());
    while (axes.size() < 3) {
      axes.addFirst(SpatialAxis.of(1, 1, 0));
    }
    boolean last = problem.layout() == Layout.NHWC;
    long units =
        last ? problem.batch() * problem.outputArea() : (long) problem.batch() * problem.channels();
    if (problem.channels() == 0 || problem.outputArea() == 0) {
      return;
    }
    Chunks.run(
        units,
        4 * (problem.inputBytes() + problem.outputBytes()),
        threads,
        (first, count) -> {
          Pool pool = new Pool(problem, axes, constants.quantization(), operands);
          for (long unit = first; unit < first + count; unit++) {
            if (last) {
              pool.pixel(unit);
            } else {
              pool.plane(unit);
            }
          }
        });
  }

  /** What one thread works with. */
  private static final class Pool {
    private final PoolProblem problem;
    private final SpatialAxis[] axes;
    private final WeightQuantization quantization;
    private final Operands operands;
    private final float[] input;
    private final float[] output;
    private final int[] integers;

    Pool(
        PoolProblem problem,
        List<SpatialAxis> axes,
        WeightQuantization quantization,
        Operands operands) {
      this.problem = problem;
      this.axes = axes.toArray(SpatialAxis[]::new);
      this.quantization = quantization;
      this.operands = operands;
      boolean last = problem.layout() == Layout.NHWC;
      long inputs = last ? problem.channels() : problem.inputArea();
      long outputs = last ? problem.channels() : problem.outputArea();
      this.input = FloatBlock.of(inputs);
      this.output = FloatBlock.of(outputs);
      this.integers = new int[problem.type().isFloat() ? 0 : (int) Math.max(inputs, outputs)];
    }

    private float neutral() {
      return problem.kind() != Kind.MAX
          ? 0
          : problem.type().isFloat() ? Float.NEGATIVE_INFINITY : problem.type().minValue();
    }

    private void read(long at, int count) {
      if (problem.type().isFloat()) {
        FloatBlock.read(problem.type(), operands.input(), at, input, count);
        return;
      }
      IntBlock.read(problem.type(), operands.input(), at, integers, count);
      for (int i = 0; i < count; i++) {
        input[i] = integers[i];
      }
    }

    private void write(long at, int count) {
      if (problem.type().isFloat()) {
        FloatBlock.write(problem.type(), output, operands.output(), at, count);
        return;
      }
      for (int i = 0; i < count; i++) {
        integers[i] = (int) output[i];
      }
      IntBlock.write(problem.type(), integers, operands.output(), at, count);
    }

    /** The input's position of a tap, -1 in the padding. */
    private static int position(SpatialAxis axis, int output, int tap) {
      long at = (long) output * axis.stride() + (long) tap * axis.dilation() - axis.padBegin();
      return at < axis.size() && at >= 0 ? (int) at : -1;
    }

    private float finish(float folded, int taps) {
      if (problem.kind() == Kind.MAX) {
        return folded;
      }
      long count = taps;
      if (problem.kind() == Kind.AVERAGE_WITH_PADDING) {
        count = (long) axes[0].kernel() * axes[1].kernel() * axes[2].kernel();
      }
      if (problem.type().isFloat()) {
        return folded / count;
      }
      float sum = folded - taps * quantization.zeroPoint(0);
      float value = count == 0 ? 0 : sum * (quantization.scale(0) / count);
      return IntBlock.quantize(problem.type(), value, quantization.outputZeroPoint());
    }

    /** Pools the channels of one output. */
    void pixel(long pixel) {
      int w = (int) (pixel % axes[2].outputSize());
      int h = (int) (pixel / axes[2].outputSize() % axes[1].outputSize());
      long rest = pixel / axes[2].outputSize() / axes[1].outputSize();
      int d = (int) (rest % axes[0].outputSize());
      long image = rest / axes[0].outputSize();
      int channels = problem.channels();
      Arrays.fill(output, neutral());
      int taps = 0;
      for (int i = 0; i < axes[0].kernel(); i++) {
        int z = position(axes[0], d, i);
        for (int j = 0; j < axes[1].kernel() && z >= 0; j++) {
          int y = position(axes[1], h, j);
          for (int k = 0; k < axes[2].kernel() && y >= 0; k++) {
            int x = position(axes[2], w, k);
            if (x >= 0) {
              long row = (image * axes[0].size() + z) * axes[1].size() + y;
              read((row * axes[2].size() + x) * channels, channels);
              fold(channels);
              taps++;
            }
          }
        }
      }
      for (int c = 0; c < channels; c++) {
        output[c] = finish(output[c], taps);
      }
      write(pixel * channels, channels);
    }

    private void fold(int channels) {
      boolean greatest = problem.kind() == Kind.MAX;
      for (int i = 0; i < channels; i += FloatBlock.SPECIES.length()) {
        var state = FloatBlock.load(output, i);
        var x = FloatBlock.load(input, i);
        (greatest ? state.max(x) : state.add(x)).intoArray(output, i);
      }
    }

    /** Pools one plane. */
    void plane(long plane) {
      read(plane * problem.inputArea(), (int) problem.inputArea());
      int next = 0;
      for (int d = 0; d < axes[0].outputSize(); d++) {
        for (int h = 0; h < axes[1].outputSize(); h++) {
          for (int w = 0; w < axes[2].outputSize(); w++) {
            output[next++] = window(d, h, w);
          }
        }
      }
      write(plane * problem.outputArea(), next);
    }

    private float window(int d, int h, int w) {
      float state = neutral();
      int taps = 0;
      for (int i = 0; i < axes[0].kernel(); i++) {
        int z = position(axes[0], d, i);
        for (int j = 0; j < axes[1].kernel() && z >= 0; j++) {
          int y = position(axes[1], h, j);
          for (int k = 0; k < axes[2].kernel() && y >= 0; k++) {
            int x = position(axes[2], w, k);
            if (x >= 0) {
              float value = input[(z * axes[1].size() + y) * axes[2].size() + x];
              state = problem.kind() == Kind.MAX ? Math.max(state, value) : state + value;
              taps++;
            }
          }
        }
      }
      return finish(state, taps);
    }
  }
}
