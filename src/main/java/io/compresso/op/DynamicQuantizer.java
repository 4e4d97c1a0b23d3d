package io.compresso.op;

import io.compresso.kernel.ConvertProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.ReduceFunction;
import io.compresso.kernel.ReduceProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Quantizes floats to {@code uint8} by their own range, as ONNX {@code DynamicQuantizeLinear} does.
 */
final class DynamicQuantizer {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** The kernels, shared by all runs. */
  record Kernels(PreparedKernel least, PreparedKernel greatest, PreparedKernel convert) {
    /** Kernels for {@code count} elements, as parts {@code part} to {@code part + 2} of a node. */
    static Kernels of(LoweringContext context, int part, long count) {
      return new Kernels(
          reduce(context, part, ReduceFunction.MIN, count),
          reduce(context, part + 1, ReduceFunction.MAX, count),
          context.prepare(
              part + 2, ConvertProblem.of(DType.FLOAT, DType.UINT8, count), () -> Weights.NONE));
    }

    private static PreparedKernel reduce(
        LoweringContext context, int part, ReduceFunction function, long count) {
      return context.prepare(
          part, new ReduceProblem(function, DType.FLOAT, 1, count, 1), () -> Weights.NONE);
    }
  }

  private final MemorySegment bounds = Arena.ofAuto().allocate(8, Tensor.ALIGNMENT);
  private final Runnable least;
  private final Runnable greatest;
  private final PreparedKernel.QuantizedRun convert;
  private float scale = 1;
  private int zeroPoint;

  DynamicQuantizer(Kernels kernels, int threads, MemorySegment from, MemorySegment to) {
    this.least = kernels.least().bind(Operands.of(from, bounds.asSlice(0, 4)), threads);
    this.greatest = kernels.greatest().bind(Operands.of(from, bounds.asSlice(4, 4)), threads);
    this.convert = kernels.convert().bindQuantized(Operands.of(from, to), threads);
  }

  void run() {
    least.run();
    greatest.run();
    float low = Math.min(0, bounds.get(FLOAT, 0));
    float high = Math.max(0, bounds.get(FLOAT, 4));
    scale = high == low ? 1 : (high - low) / 255;
    zeroPoint = (int) Math.rint((double) Math.max(0, Math.min(255, -low / scale)));
    convert.run(zeroPoint, scale);
  }

  /** The scale of the last run's result. */
  float scale() {
    return scale;
  }

  /** The zero point of the last run's result. */
  int zeroPoint() {
    return zeroPoint;
  }
}
