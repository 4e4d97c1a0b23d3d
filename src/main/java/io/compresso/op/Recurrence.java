package io.compresso.op;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * {@code state . R^T + bias + added} of some gates of one direction, {@code [batch, columns]}. With
 * weights of 8 bits the state is quantized at each step, symmetrically by the largest magnitude of
 * its row.
 */
final class Recurrence {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final int ZERO_POINT = 128;
  private static final float STEPS = 127;

  /** Adding it leaves a small float's nearest integer in the low bits of its pattern. */
  private static final float ROUNDER = 12582912f;

  private final RecurrentLayer layer;
  private final int columns;
  private final PreparedKernel kernel;
  private final boolean adds;
  private final int threads;
  private final @Nullable WeightQuantization quantization;
  private final @Nullable MemorySegment bias;

  private Recurrence(
      RecurrentLayer layer,
      int columns,
      PreparedKernel kernel,
      boolean adds,
      int threads,
      @Nullable WeightQuantization quantization,
      @Nullable MemorySegment bias) {
    this.layer = layer;
    this.columns = columns;
    this.kernel = kernel;
    this.adds = adds;
    this.threads = threads;
    this.quantization = quantization;
    this.bias = bias;
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
    int columns = to - from;
    boolean bytes = weights.isQuantized();
    WeightQuantization quantization = weights.quantization(part.direction(), from, to);
    Epilogue epilogue =
        bytes
            ? Epilogue.NONE
            : Epilogue.NONE
                .withBias(bias != null)
                .withResidual(adds ? Epilogue.Residual.ADDED : Epilogue.Residual.NONE);
    GemmProblem problem =
        new GemmProblem(
            bytes
                ? new OperandTypes(DType.UINT8, weights.data().dtype(), DType.INT32)
                : OperandTypes.FLOAT,
            layer.batch(),
            columns,
            layer.hidden(),
            weights.byRows() ? GemmProblem.Transpose.B : GemmProblem.Transpose.NONE,
            epilogue);
    PreparedKernel kernel =
        context.prepare(
            part.number(),
            problem,
            () ->
                Weights.of(weights.memory(part.direction(), from, to))
                    .withBias(bytes ? null : bias)
                    .withQuantization(quantization));
    return new Recurrence(
        layer, columns, kernel, adds, context.threads(), bytes ? quantization : null, bias);
  }

  /** What one run needs besides its operands. */
  final class Workspace {
    private final MemorySegment state;
    private final MemorySegment sums;
    private final float[] scales = new float[layer.batch()];
    private final Operands operands;

    Workspace() {
      boolean bytes = quantization != null;
      long count = bytes ? (long) layer.batch() * layer.hidden() : 0;
      this.state = Arena.ofAuto().allocate(count, Tensor.ALIGNMENT);
      this.sums =
          Arena.ofAuto().allocate(bytes ? 4L * layer.batch() * columns : 0, Tensor.ALIGNMENT);
      this.operands = Operands.of(state, sums).withInputQuantization(ZERO_POINT, 1);
    }

    /** The call for fixed memory. */
    Lowered.Call bind(MemorySegment from, @Nullable MemorySegment added, MemorySegment result) {
      if ((added != null) != adds) {
        throw new IllegalArgumentException("an addend is missing or not wanted");
      }
      WeightQuantization constants = quantization;
      if (constants == null) {
        Operands floats = Operands.of(from, result).withThird(added);
        return () -> kernel.run(floats, threads);
      }
      return () -> {
        quantize(from);
        kernel.run(operands, threads);
        finish(constants, added, result);
      };
    }

    private void quantize(MemorySegment from) {
      int length = layer.hidden();
      for (int row = 0; row < layer.batch(); row++) {
        long at = (long) row * length;
        float largest = 0;
        for (int i = 0; i < length; i++) {
          largest = Math.max(largest, Math.abs(from.get(FLOAT, 4 * (at + i))));
        }
        float factor = largest > 0 && largest < Float.POSITIVE_INFINITY ? STEPS / largest : 0;
        scales[row] = largest / STEPS;
        for (int i = 0; i < length; i++) {
          float rounded = from.get(FLOAT, 4 * (at + i)) * factor + ROUNDER;
          state.set(
              ValueLayout.JAVA_BYTE,
              at + i,
              (byte) (Float.floatToRawIntBits(rounded) + ZERO_POINT));
        }
      }
    }

    private void finish(
        WeightQuantization constants, @Nullable MemorySegment added, MemorySegment result) {
      for (int row = 0; row < layer.batch(); row++) {
        float scale = scales[row];
        long at = 4L * row * columns;
        for (int i = 0; i < columns; i++) {
          long index = at + 4L * i;
          float sum = sums.get(INT, index) * (scale * constants.scale(i));
          if (added != null) {
            sum += added.get(FLOAT, index);
          }
          if (bias != null) {
            sum += bias.get(FLOAT, 4L * i);
          }
          result.set(FLOAT, index, sum);
        }
      }
    }
  }
}
