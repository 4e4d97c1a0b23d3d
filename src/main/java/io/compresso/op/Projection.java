package io.compresso.op;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * {@code x . W^T + bias} of some gates of one direction of a recurrent node, for all steps at once:
 * {@code [steps * batch, columns]}.
 */
record Projection(PreparedKernel kernel, int threads) {
  /**
   * Prepares the product.
   *
   * @param bias one float a column, or null
   */
  static Projection of(
      LoweringContext context,
      RecurrentLayer layer,
      RecurrentWeights weights,
      Recurrence.Part part,
      @Nullable MemorySegment bias) {
    int from = part.fromGate() * layer.hidden();
    int to = part.toGate() * layer.hidden();
    GemmProblem problem =
        new GemmProblem(
            weights.isQuantized()
                ? new OperandTypes(DType.UINT8, weights.data().dtype(), DType.FLOAT)
                : OperandTypes.FLOAT,
            layer.rows(),
            to - from,
            layer.inputs(),
            weights.byRows() ? GemmProblem.Transpose.B : GemmProblem.Transpose.NONE,
            Epilogue.NONE.withBias(bias != null));
    PreparedKernel kernel =
        context.prepare(
            part.number(),
            problem,
            () ->
                Weights.of(weights.memory(part.direction(), from, to))
                    .withBias(bias)
                    .withQuantization(weights.quantization(part.direction(), from, to)));
    return new Projection(kernel, context.threads());
  }

  /**
   * The call for fixed memory.
   *
   * @param quantizer what has made {@code from} of the data; null for floats
   */
  Lowered.Call bind(MemorySegment from, @Nullable DynamicQuantizer quantizer, MemorySegment to) {
    Operands operands = Operands.of(from, to);
    return quantizer == null
        ? kernel.bind(operands, threads)::run
        : quantizer.bind(kernel, operands, threads);
  }
}
