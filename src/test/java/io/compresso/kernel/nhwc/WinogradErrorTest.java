package io.compresso.kernel.nhwc;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.x86.WinogradKernels;
import io.compresso.kernel.jit.x86.X86NhwcConv;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Holds the tiles to the error that {@link WinogradTransform} states. */
class WinogradErrorTest {
  private static final double ROUNDING = 0x1p-24;
  private static final int CHANNELS = 64;
  private static final int FILTERS = 16;
  private static final int SIZE = 12;
  private static final int TAPS = WinogradTransform.TAPS;

  /** How much larger than that of the sums themselves the mean error may be. */
  private static final double MOST_LOSS = 4;

  /** What tiles are filled with. */
  private enum Content {
    ORDINARY {
      @Override
      double value(Random random) {
        return random.nextGaussian();
      }
    },
    NOT_NEGATIVE {
      @Override
      double value(Random random) {
        return Math.max(0, random.nextGaussian());
      }
    },
    OF_MANY_MAGNITUDES {
      @Override
      double value(Random random) {
        return random.nextGaussian() * Math.pow(10, random.nextInt(17) - 8);
      }
    },
    /** Sums that cancel. */
    OF_EQUAL_MAGNITUDES {
      @Override
      double value(Random random) {
        return random.nextBoolean() ? 1 + 0x1p-23 : -1;
      }
    };

    abstract double value(Random random);
  }

  @TestFactory
  Stream<DynamicTest> error_staysWithinItsBound() {
    return Stream.of(Isa.AVX512, Isa.AVX2)
        .filter(isa -> CpuFeatures.host().supports(isa).accepted())
        .flatMap(isa ->
            Stream.of(2, 3, 4)
                .flatMap(outputs ->
                    Stream.of(Content.values())
                        .map(content ->
                            DynamicTest.dynamicTest(
                                "%s, F(%d x %d), %s".formatted(isa, outputs, outputs, content),
                                () -> check(isa, outputs, content)))));
  }

  private static ConvProblem problem() {
    SpatialAxis axis = SpatialAxis.of(SIZE, TAPS, 1);
    return new ConvProblem(
        OperandTypes.FLOAT,
        Layout.NHWC,
        1,
        new Channels(CHANNELS, FILTERS, 1),
        List.of(axis, axis),
        Epilogue.NONE);
  }

  private static void check(Isa isa, int outputs, Content content) {
    Random random = new Random(outputs);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment x = fill(arena, SIZE * SIZE * CHANNELS, _ -> content.value(random));
      MemorySegment w = fill(arena, FILTERS * CHANNELS * TAPS * TAPS, _ -> content.value(random));
      MemorySegment tiled = run(arena, WinogradKernels.ofOutputs(isa, outputs), x, w);
      MemorySegment direct = run(arena, X86NhwcConv.ofFloats(isa), x, w);
      double[] bounds = bounds(WinogradTransform.of(outputs), x, w);
      double error = 0;
      double directError = 0;
      for (int o = 0; o < FILTERS; o++) {
        for (int y = 0; y < SIZE; y++) {
          for (int column = 0; column < SIZE; column++) {
            int at = (y * SIZE + column) * FILTERS + o;
            double expected = sum(x, w, o, y, column);
            double off = Math.abs(tiled.getAtIndex(ValueLayout.JAVA_FLOAT, at) - expected);
            assertThat(off)
                .as("error of output %d at %d, %d", o, y, column)
                .isLessThanOrEqualTo(bounds[at]);
            error += off * off;
            directError += Math.pow(direct.getAtIndex(ValueLayout.JAVA_FLOAT, at) - expected, 2);
          }
        }
      }
      if (content == Content.ORDINARY || content == Content.NOT_NEGATIVE) {
        assertThat(Math.sqrt(error)).isLessThan(MOST_LOSS * Math.sqrt(directError));
      }
    }
  }

  private static MemorySegment fill(Arena arena, int count, DoubleUnaryOperator value) {
    MemorySegment segment = arena.allocate(4L * count, 64);
    for (int i = 0; i < count; i++) {
      segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) value.applyAsDouble(i));
    }
    return segment;
  }

  private static MemorySegment run(Arena arena, Kernel kernel, MemorySegment x, MemorySegment w) {
    MemorySegment result = arena.allocate(problem().outputBytes(), 64);
    try (PreparedKernel prepared = kernel.prepare(problem(), Weights.of(w))) {
      prepared.run(Operands.of(x, result));
    }
    return result;
  }

  private static double input(MemorySegment x, int y, int column, int channel) {
    boolean isInside = y >= 0 && y < SIZE && column >= 0 && column < SIZE;
    return isInside
        ? x.getAtIndex(ValueLayout.JAVA_FLOAT, (y * SIZE + column) * CHANNELS + channel)
        : 0;
  }

  private static double filter(MemorySegment w, int o, int channel, int tap) {
    return w.getAtIndex(ValueLayout.JAVA_FLOAT, (o * CHANNELS + channel) * TAPS * TAPS + tap);
  }

  private static double sum(MemorySegment x, MemorySegment w, int o, int y, int column) {
    double sum = 0;
    for (int c = 0; c < CHANNELS; c++) {
      for (int tap = 0; tap < TAPS * TAPS; tap++) {
        sum += input(x, y - 1 + tap / TAPS, column - 1 + tap % TAPS, c) * filter(w, o, c, tap);
      }
    }
    return sum;
  }

  /** The bounds of all outputs, from the magnitudes of what is in their tiles. */
  private static double[] bounds(WinogradTransform transform, MemorySegment x, MemorySegment w) {
    int m = transform.outputs();
    int size = transform.size();
    double[][] filters = new double[FILTERS * CHANNELS][];
    for (int i = 0; i < filters.length; i++) {
      double[] taps = new double[TAPS * TAPS];
      for (int tap = 0; tap < taps.length; tap++) {
        taps[tap] = Math.abs(filter(w, i / CHANNELS, i % CHANNELS, tap));
      }
      filters[i] = sandwich(transform.filter(), taps);
    }
    double[] bounds = new double[SIZE * SIZE * FILTERS];
    for (int tile = 0; tile < SIZE * SIZE / (m * m); tile++) {
      int top = tile / (SIZE / m) * m;
      int left = tile % (SIZE / m) * m;
      double[][] inputs = new double[CHANNELS][];
      for (int c = 0; c < CHANNELS; c++) {
        double[] pixels = new double[size * size];
        for (int i = 0; i < pixels.length; i++) {
          pixels[i] = Math.abs(input(x, top - 1 + i / size, left - 1 + i % size, c));
        }
        inputs[c] = sandwich(transform.input(), pixels);
      }
      for (int o = 0; o < FILTERS; o++) {
        double[] products = new double[size * size];
        for (int c = 0; c < CHANNELS; c++) {
          for (int i = 0; i < products.length; i++) {
            products[i] += inputs[c][i] * filters[o * CHANNELS + c][i];
          }
        }
        double[] results = sandwich(transform.output(), products);
        for (int i = 0; i < results.length; i++) {
          int at = (top + i / m) * SIZE + left + i % m;
          bounds[at * FILTERS + o] = (CHANNELS + 4 * size) * ROUNDING * results[i];
        }
      }
    }
    return bounds;
  }

  /** {@code |M| X |M^T|}. */
  private static double[] sandwich(double[][] matrix, double[] square) {
    int rows = matrix.length;
    int columns = matrix[0].length;
    double[] result = new double[rows * rows];
    for (int p = 0; p < rows; p++) {
      for (int q = 0; q < rows; q++) {
        for (int i = 0; i < columns; i++) {
          for (int j = 0; j < columns; j++) {
            result[p * rows + q] += Math.abs(matrix[p][i] * matrix[q][j]) * square[i * columns + j];
          }
        }
      }
    }
    return result;
  }
}
