package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/**
 * The convolution by its definition, of one to three spatial axes. Sums as {@link RefGemm} does.
 */
public final class RefConv implements Kernel {
  private static final KernelSpec SPEC =
      new KernelSpec(
          "x-conv-1x1-ref",
          KernelFamily.CONV,
          EnumSet.allOf(DType.class),
          KernelSpec.Tile.SCALAR,
          "",
          Isa.REF);

  @Override
  public KernelSpec spec() {
    return SPEC;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof ConvProblem product
        ? RefElements.accepts(product.types()).and(RefActivation.accepts(product))
        : Acceptance.no("not a convolution");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Prepared((ConvProblem) problem, weights);
  }

  /** Stands for an element of the padding. */
  private static final int PADDING = -1;

  private static final class Prepared extends RefPrepared {
    private final ConvProblem problem;
    private final SpatialAxis depth;
    private final SpatialAxis height;
    private final SpatialAxis width;

    Prepared(ConvProblem problem, Weights weights) {
      super(SPEC, problem, weights);
      this.problem = problem;
      List<SpatialAxis> axes = new ArrayList<>(problem.axes());
      while (axes.size() < 3) {
        axes.addFirst(SpatialAxis.of(1, 1, 0));
      }
      this.depth = axes.get(0);
      this.height = axes.get(1);
      this.width = axes.get(2);
    }

    @Override
    void run(Operands operands, MemorySegment weights, Tensor output, int threads) {
      DType type = problem.types().input();
      DType weightType = problem.types().weight();
      int inputs = Math.toIntExact(problem.inputBytes() * 8 / type.bits());
      int filters = Math.toIntExact(problem.weightBytes() * 8 / weightType.bits());
      int channels = problem.channels().out();
      if (RefElements.isFloat(type)) {
        double[] x = RefElements.doubles(type, operands.input(), inputs);
        double[] w = RefElements.doubles(weightType, weights, filters);
        forEachOutput(
            channels,
            threads,
            (index, channel, window) -> {
              double[] sum = {0};
              window.forEach(
                  (input, weight) -> sum[0] += (input == PADDING ? 0 : x[input]) * w[weight]);
              epilogue.store(output, index, channel, sum[0], operands);
            });
      } else {
        long[] x = RefElements.longs(type, operands.input(), inputs);
        long[] w = RefElements.longs(weightType, weights, filters);
        int xz = operands.inputZeroPoint();
        forEachOutput(
            channels,
            threads,
            (index, channel, window) -> {
              int wz = quantization.zeroPoint(channel);
              long[] sum = {0};
              window.forEach((input, weight) -> {
                if (input != PADDING) {
                  sum[0] += (x[input] - xz) * (w[weight] - wz);
                }
              });
              epilogue.store(output, index, channel, sum[0], operands);
            });
      }
    }

    private interface OutputAction {
      void accept(long index, int channel, Window window);
    }

    private interface ProductAction {
      /**
       * @param input the input's element, or {@link #PADDING}
       */
      void accept(int input, int weight);
    }

    private void forEachOutput(int channels, int threads, OutputAction action) {
      int outDepth = depth.outputSize();
      int outHeight = height.outputSize();
      int outWidth = width.outputSize();
      long area = problem.outputArea();
      boolean nchw = problem.layout() == ConvProblem.Layout.NCHW;
      Workers.shared()
          .run(
              Math.multiplyExact(problem.batch(), channels),
              threads,
              chunk -> {
                int image = chunk / channels;
                int channel = chunk % channels;
                long pixel = 0;
                for (int d = 0; d < outDepth; d++) {
                  for (int h = 0; h < outHeight; h++) {
                    for (int w = 0; w < outWidth; w++) {
                      long index =
                          nchw ? chunk * area + pixel : (image * area + pixel) * channels + channel;
                      action.accept(index, channel, new Window(image, channel, d, h, w));
                      pixel++;
                    }
                  }
                }
              });
    }

    /** The products of one output: those of its window that lie inside the input. */
    private final class Window {
      private final int image;
      private final int channel;
      private final int startDepth;
      private final int startHeight;
      private final int startWidth;

      Window(int image, int channel, int d, int h, int w) {
        this.image = image;
        this.channel = channel;
        this.startDepth = d * depth.stride() - depth.padBegin();
        this.startHeight = h * height.stride() - height.padBegin();
        this.startWidth = w * width.stride() - width.padBegin();
      }

      void forEach(ProductAction action) {
        ConvProblem.Channels channels = problem.channels();
        int perGroup = channels.inPerGroup();
        int firstChannel = channel / channels.outPerGroup() * perGroup;
        int weight = channel * (int) problem.depth();
        boolean nchw = problem.layout() == ConvProblem.Layout.NCHW;
        int area = (int) problem.inputArea();
        for (int c = 0; c < perGroup; c++) {
          int inputChannel = firstChannel + c;
          int base =
              nchw
                  ? (image * channels.in() + inputChannel) * area
                  : image * area * channels.in() + inputChannel;
          int step = nchw ? 1 : channels.in();
          for (int kd = 0; kd < depth.kernel(); kd++) {
            int d = startDepth + kd * depth.dilation();
            for (int kh = 0; kh < height.kernel(); kh++) {
              int h = startHeight + kh * height.dilation();
              for (int kw = 0; kw < width.kernel(); kw++, weight++) {
                int w = startWidth + kw * width.dilation();
                boolean inside = isInside(d, depth) && isInside(h, height) && isInside(w, width);
                int pixel = (d * height.size() + h) * width.size() + w;
                action.accept(inside ? base + pixel * step : PADDING, weight);
              }
            }
          }
        }
      }

      private static boolean isInside(int position, SpatialAxis axis) {
        return position >= 0 && position < axis.size();
      }
    }
  }
}
