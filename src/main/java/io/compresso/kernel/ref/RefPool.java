package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.PoolProblem.Kind;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;

/** Pooling window by window: floats in double precision. */
public final class RefPool extends RefKernel<PoolProblem> {
  public RefPool() {
    super(KernelFamily.POOL, PoolProblem.class);
  }

  @Override
  Acceptance accepts(PoolProblem problem) {
    return Acceptance.when(
        RefElements.isFloat(problem.type())
            || problem.type() == DType.UINT8
            || problem.type() == DType.INT8,
        "elements of type " + problem.type());
  }

  /** The elements of a window that lie in the input. */
  private static final class Fold {
    private final Kind kind;
    private double value;
    private long present;

    Fold(Kind kind, DType type) {
      this.kind = kind;
      this.value =
          kind != Kind.MAX ? 0 : type.isFloat() ? Double.NEGATIVE_INFINITY : type.minValue();
    }

    void add(double element) {
      value = kind == Kind.MAX ? Math.max(value, element) : value + element;
      present++;
    }
  }

  @Override
  void run(PoolProblem problem, Constants constants, Operands operands, int threads) {
    DType type = problem.type();
    SpatialAxis[] axes = new SpatialAxis[3];
    for (int i = 0; i < 3; i++) {
      int given = i - 3 + problem.axes().size();
      axes[i] = given < 0 ? SpatialAxis.of(1, 1, 0) : problem.axes().get(given);
    }
    int channels = problem.channels();
    long inputArea = problem.inputArea();
    long outputArea = problem.outputArea();
    boolean last = problem.layout() == Layout.NHWC;
    Tensor x = RefElements.tensor(type, operands.input(), problem.batch() * channels * inputArea);
    Tensor y = RefElements.tensor(type, operands.output(), problem.batch() * channels * outputArea);
    for (long image = 0; image < problem.batch(); image++) {
      for (int c = 0; c < channels; c++) {
        long from = last ? image * inputArea * channels + c : (image * channels + c) * inputArea;
        long to = last ? image * outputArea * channels + c : (image * channels + c) * outputArea;
        int step = last ? channels : 1;
        for (int d = 0; d < axes[0].outputSize(); d++) {
          for (int h = 0; h < axes[1].outputSize(); h++) {
            for (int w = 0; w < axes[2].outputSize(); w++) {
              Fold fold = fold(problem, axes, x, from, step, new int[] {d, h, w});
              store(problem, constants.quantization(), fold, y, to);
              to += step;
            }
          }
        }
      }
    }
  }

  private static Fold fold(
      PoolProblem problem, SpatialAxis[] axes, Tensor x, long from, int step, int[] output) {
    Fold fold = new Fold(problem.kind(), problem.type());
    for (int d = 0; d < axes[0].kernel(); d++) {
      long z = position(axes[0], output[0], d);
      for (int h = 0; h < axes[1].kernel() && z >= 0; h++) {
        long r = position(axes[1], output[1], h);
        for (int w = 0; w < axes[2].kernel() && r >= 0; w++) {
          long s = position(axes[2], output[2], w);
          if (s >= 0) {
            fold.add(x.getDouble(from + ((z * axes[1].size() + r) * axes[2].size() + s) * step));
          }
        }
      }
    }
    return fold;
  }

  /** The input's position, -1 in the padding. */
  private static long position(SpatialAxis axis, int output, int tap) {
    long at = (long) output * axis.stride() + (long) tap * axis.dilation() - axis.padBegin();
    return at < axis.size() && at >= 0 ? at : -1;
  }

  private static void store(
      PoolProblem problem, WeightQuantization quantization, Fold fold, Tensor y, long at) {
    DType type = problem.type();
    if (problem.kind() == Kind.MAX) {
      y.setDouble(at, fold.value);
      return;
    }
    long count = fold.present;
    if (problem.kind() == Kind.AVERAGE_WITH_PADDING) {
      count = problem.axes().stream().mapToLong(SpatialAxis::kernel).reduce(1, (a, b) -> a * b);
    }
    if (type.isFloat()) {
      y.setDouble(at, fold.value / count);
      return;
    }
    float sum = (long) fold.value - fold.present * quantization.zeroPoint(0);
    float value = count == 0 ? 0 : sum * (quantization.scale(0) / count);
    y.setLong(at, RefElements.saturate(type, Math.rint(value) + quantization.outputZeroPoint()));
  }
}
