package io.compresso.op;

import io.compresso.kernel.ConvertProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.ReduceFunction;
import io.compresso.kernel.ReduceProblem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
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

  /** Elements that stay in near caches from the search for the least to that for the greatest. */
  private static final int LEAST_PIECE = 1 << 14;

  private static final int MOST_PIECES = 64;

  /**
   * The kernels, shared by all runs.
   *
   * @param count elements that are quantized
   */
  record Kernels(
      PreparedKernel least, PreparedKernel greatest, PreparedKernel convert, long count) {
    /** Kernels for {@code count} elements, as parts {@code part} to {@code part + 2} of a node. */
    static Kernels of(LoweringContext context, int part, long count) {
      return new Kernels(
          reduce(context, part, ReduceFunction.MIN, piece(count)),
          reduce(context, part + 1, ReduceFunction.MAX, piece(count)),
          context.prepare(
              part + 2, ConvertProblem.of(DType.FLOAT, DType.UINT8, count), () -> Weights.NONE),
          count);
    }

    private static PreparedKernel reduce(
        LoweringContext context, int part, ReduceFunction function, long count) {
      return context.prepare(
          part, new ReduceProblem(function, DType.FLOAT, 1, count, 1), () -> Weights.NONE);
    }

    private static int pieces(long count) {
      return (int) Math.clamp(count / LEAST_PIECE, 1, MOST_PIECES);
    }

    /** Elements of a piece: the last one begins within the one before where it must. */
    private static long piece(long count) {
      return Math.ceilDiv(count, pieces(count));
    }
  }

  /** The range of the elements in some memory, found piece by piece; for one run at a time. */
  static final class Range {
    private final Runnable[] least;
    private final Runnable[] greatest;
    private final MemorySegment bounds;
    private final int threads;
    private final Workers.ChunkTask task = this::piece;

    /**
     * @param from floats, as many as the kernels are for
     */
    Range(Kernels kernels, int threads, MemorySegment from) {
      int pieces = Kernels.pieces(kernels.count);
      long size = Kernels.piece(kernels.count);
      this.threads = threads;
      this.least = new Runnable[pieces];
      this.greatest = new Runnable[pieces];
      this.bounds = Arena.ofAuto().allocate(8L * pieces, Tensor.ALIGNMENT);
      for (int i = 0; i < pieces; i++) {
        long first = Math.min(i * size, kernels.count - size);
        MemorySegment piece = from.asSlice(Float.BYTES * first, Float.BYTES * size);
        least[i] = kernels.least.bind(Operands.of(piece, bounds.asSlice(8L * i, 4)), 1);
        greatest[i] = kernels.greatest.bind(Operands.of(piece, bounds.asSlice(8L * i + 4, 4)), 1);
      }
    }

    void find() {
      Workers.shared().run(least.length, threads, task);
    }

    private void piece(int index) {
      least[index].run();
      greatest[index].run();
    }

    /** The least element that was found; NaN if one was. */
    float least() {
      float result = Float.POSITIVE_INFINITY;
      for (int i = 0; i < least.length; i++) {
        result = Math.min(result, bounds.get(FLOAT, 8L * i));
      }
      return result;
    }

    /** The greatest element that was found; NaN if one was. */
    float greatest() {
      float result = Float.NEGATIVE_INFINITY;
      for (int i = 0; i < greatest.length; i++) {
        result = Math.max(result, bounds.get(FLOAT, 8L * i + 4));
      }
      return result;
    }
  }

  private final Range range;
  private final PreparedKernel.QuantizedRun convert;
  private float scale = 1;
  private int zeroPoint;

  DynamicQuantizer(Kernels kernels, int threads, MemorySegment from, MemorySegment to) {
    this.range = new Range(kernels, threads, from);
    this.convert = kernels.convert().bindQuantized(Operands.of(from, to), threads);
  }

  void run() {
    range.find();
    float low = Math.min(0, range.least());
    float high = Math.max(0, range.greatest());
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

  /** The call of a kernel whose input are the bytes of the last run. */
  Lowered.Call bind(PreparedKernel kernel, Operands operands, int threads) {
    PreparedKernel.QuantizedRun run = kernel.bindQuantized(operands, threads);
    return () -> run.run(zeroPoint, scale);
  }
}
