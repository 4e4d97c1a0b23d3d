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
 * {@code state . R^T + added} of some gates of one direction, {@code [batch, columns]}. With
 * weights of 8 bits the state is quantized at each step, symmetrically, by its largest magnitude.
 */
final class Recurrence {
  private static final int QUANTIZER = 1 << 12;

  private final RecurrentLayer layer;
  private final PreparedKernel kernel;
  private final DynamicQuantizer.@Nullable Kernels quantizing;
  private final int threads;

  private Recurrence(
      RecurrentLayer layer,
      PreparedKernel kernel,
      DynamicQuantizer.@Nullable Kernels quantizing,
      int threads) {
    this.layer = layer;
    this.kernel = kernel;
    this.quantizing = quantizing;
    this.threads = threads;
  }

  /** Which product of a node is meant. */
  record Part(int number, int direction, int fromGate, int toGate) {}

  /** Prepares the product. */
  static Recurrence of(
      LoweringContext context, RecurrentLayer layer, RecurrentWeights weights, Part part) {
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
            Epilogue.NONE.withResidual(Epilogue.Residual.ADDED));
    PreparedKernel kernel =
        context.prepare(
            part.number(),
            problem,
            () ->
                Weights.of(weights.memory(part.direction(), from, to))
                    .withQuantization(weights.quantization(part.direction(), from, to)));
    DynamicQuantizer.Kernels quantizing =
        bytes
            ? DynamicQuantizer.Kernels.of(
                context, QUANTIZER + 3 * part.number(), (long) layer.batch() * layer.hidden())
            : null;
    return new Recurrence(layer, kernel, quantizing, context.threads());
  }

  /** What one run needs besides its operands. */
  final class Workspace {
    private final MemorySegment bytes =
        Arena.ofAuto()
            .allocate(
                quantizing == null ? 0 : (long) layer.batch() * layer.hidden(), Tensor.ALIGNMENT);

    /** The call for fixed memory. */
    Lowered.Call bind(MemorySegment from, MemorySegment added, MemorySegment result) {
      if (quantizing == null) {
        Operands floats = Operands.of(from, result).withThird(added);
        return kernel.bind(floats, threads)::run;
      }
      return new Quantized(
          new DynamicQuantizer.Range(quantizing, 1, from),
          quantizing.convert().bindQuantized(Operands.of(from, bytes), 1),
          kernel.bindQuantized(Operands.of(bytes, result).withThird(added), threads));
    }

    /** One step. */
    private static final class Quantized implements Lowered.Call {
      private final DynamicQuantizer.Range range;
      private final PreparedKernel.QuantizedRun convert;
      private final PreparedKernel.QuantizedRun product;

      private Quantized(
          DynamicQuantizer.Range range,
          PreparedKernel.QuantizedRun convert,
          PreparedKernel.QuantizedRun product) {
        this.range = range;
        this.convert = convert;
        this.product = product;
      }

      @Override
      public void run() {
        range.find();
        float scale = SymmetricScale.of(Math.max(-range.least(), range.greatest()));
        convert.run(SymmetricScale.ZERO_POINT, scale);
        product.run(SymmetricScale.ZERO_POINT, scale);
      }
    }
  }
}
