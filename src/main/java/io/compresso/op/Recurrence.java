package io.compresso.op;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * {@code state . R^T + bias + added} of some gates of one direction, {@code [batch, columns]}. With
 * weights of 8 bits the state is quantized at each step, symmetrically, by its largest magnitude
 * rounded up to one of a few levels, so that what a kernel is given can be made once for each.
 */
final class Recurrence {
  private static final int QUANTIZER = 1 << 12;
  private static final int ZERO_POINT = 128;
  private static final float STEPS = 127;

  /** Levels of magnitude: the first is for all that is greater than the second. */
  private static final float[] LEVELS = levels();

  private final RecurrentLayer layer;
  private final PreparedKernel kernel;
  private final DynamicQuantizer.@Nullable Kernels quantizing;
  private final boolean adds;
  private final int threads;

  private Recurrence(
      RecurrentLayer layer,
      PreparedKernel kernel,
      DynamicQuantizer.@Nullable Kernels quantizing,
      boolean adds,
      int threads) {
    this.layer = layer;
    this.kernel = kernel;
    this.quantizing = quantizing;
    this.adds = adds;
    this.threads = threads;
  }

  /** From 16 down by the fourth root of 2. */
  private static float[] levels() {
    float[] levels = new float[96];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = (float) (16 * Math.pow(2, -i / 4.0));
    }
    return levels;
  }

  /** Which product of a node is meant. */
  record Part(int number, int direction, int fromGate, int toGate) {}

  /**
   * Prepares the product.
   *
   * @param bias one float a column, or null
   * @param adds whether something is added besides
   */
  static Recurrence of(
      LoweringContext context,
      RecurrentLayer layer,
      RecurrentWeights weights,
      Part part,
      @Nullable MemorySegment bias,
      boolean adds) {
    int from = part.fromGate() * layer.hidden();
    int to = part.toGate() * layer.hidden();
    boolean bytes = weights.isQuantized();
    GemmProblem problem =
        new GemmProblem(
            bytes
                ? new OperandTypes(DType.UINT8, weights.data().dtype(), DType.FLOAT)
                : OperandTypes.FLOAT,
            layer.batch(),
            to - from,
            layer.hidden(),
            weights.byRows() ? GemmProblem.Transpose.B : GemmProblem.Transpose.NONE,
            Epilogue.NONE
                .withBias(bias != null)
                .withResidual(adds ? Epilogue.Residual.ADDED : Epilogue.Residual.NONE));
    PreparedKernel kernel =
        context.prepare(
            part.number(),
            problem,
            () ->
                Weights.of(weights.memory(part.direction(), from, to))
                    .withBias(bias)
                    .withQuantization(weights.quantization(part.direction(), from, to)));
    DynamicQuantizer.Kernels quantizing =
        bytes
            ? DynamicQuantizer.Kernels.of(
                context, QUANTIZER + 3 * part.number(), (long) layer.batch() * layer.hidden())
            : null;
    return new Recurrence(layer, kernel, quantizing, adds, context.threads());
  }

  /** What one run needs besides its operands. */
  final class Workspace {
    private final MemorySegment bytes =
        Arena.ofAuto()
            .allocate(
                quantizing == null ? 0 : (long) layer.batch() * layer.hidden(), Tensor.ALIGNMENT);

    /** The call for fixed memory. */
    Lowered.Call bind(MemorySegment from, @Nullable MemorySegment added, MemorySegment result) {
      if ((added != null) != adds) {
        throw new IllegalArgumentException("an addend is missing or not wanted");
      }
      if (quantizing == null) {
        Operands floats = Operands.of(from, result).withThird(added);
        return kernel.bind(floats, threads)::run;
      }
      return new Quantized(quantizing, from, added, result);
    }

    /** One step. */
    private final class Quantized implements Lowered.Call {
      private final DynamicQuantizer.Kernels kernels;
      private final DynamicQuantizer.Range range;
      private final Operands convert;
      private final Operands product;

      /** By level; made when first needed. */
      private final @Nullable Step[] steps = new Step[LEVELS.length];

      private Quantized(
          DynamicQuantizer.Kernels kernels,
          MemorySegment from,
          @Nullable MemorySegment added,
          MemorySegment result) {
        this.kernels = kernels;
        this.range = new DynamicQuantizer.Range(kernels, 1, from);
        this.convert = Operands.of(from, bytes);
        this.product = Operands.of(bytes, result).withThird(added);
      }

      @Override
      public void run() {
        range.find();
        float magnitude = Math.max(-range.least(), range.greatest());
        int level = level(magnitude);
        Step step = steps[level];
        if (step == null) {
          float scale = (level == 0 ? Math.max(LEVELS[0], magnitude) : LEVELS[level]) / STEPS;
          step =
              new Step(
                  kernels.convert().bind(convert.withInputQuantization(ZERO_POINT, scale), 1),
                  kernel.bind(product.withInputQuantization(ZERO_POINT, scale), threads));
          if (level > 0) {
            steps[level] = step;
          }
        }
        step.convert.run();
        step.multiply.run();
      }
    }
  }

  /** What is done at a level of magnitude. */
  private record Step(Runnable convert, Runnable multiply) {}

  /** The last level that is not less than the magnitude; 0 where all are less. */
  private static int level(float magnitude) {
    int low = 0;
    int high = LEVELS.length - 1;
    while (low < high) {
      int middle = (low + high + 1) / 2;
      if (LEVELS[middle] >= magnitude) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }
}
