package io.compresso.op;

import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.Broadcast;
import io.compresso.kernel.ConvertProblem;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.LookupProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.UnaryFunction;
import io.compresso.kernel.UnaryProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Nodes that are one kernel or a few. */
final class Lowerings {
  private Lowerings() {}

  /** A function of each element of input 0. */
  static Lowered unary(LoweringContext context, UnaryFunction function, double alpha, double beta) {
    TensorSpec x = context.input(0);
    return inPlace(
        context,
        new UnaryProblem(function, x.dtype(), x.shape().size(), (float) alpha, (float) beta),
        Weights.NONE);
  }

  /** A kernel from input 0 to output 0, which may be the same memory. */
  static Lowered inPlace(LoweringContext context, Problem problem, Weights weights) {
    return single(context, problem, weights).withInPlace(0);
  }

  /** A kernel from input 0 to output 0. */
  static Lowered single(LoweringContext context, Problem problem, Weights weights) {
    PreparedKernel kernel = context.prepare(0, problem, () -> weights);
    int threads = context.threads();
    return Lowered.of(buffers -> {
      Operands operands = Operands.of(buffers.input(0), buffers.output(0));
      return kernel.bind(operands, threads)::run;
    });
  }

  /** A function of pairs of elements of inputs 0 and 1; null if they are of different types. */
  static @Nullable Lowered binary(LoweringContext context, BinaryFunction function) {
    TensorSpec a = context.input(0);
    TensorSpec b = context.input(1);
    if (a.dtype() != b.dtype()) {
      return null;
    }
    PreparedKernel kernel =
        context.prepare(
            0,
            new BinaryProblem(function, a.dtype(), Broadcast.of(a.shape(), b.shape())),
            () -> Weights.NONE);
    int threads = context.threads();
    Lowered lowered =
        Lowered.of(buffers -> {
          Operands operands = Operands.of(buffers.input(0), buffers.input(1), buffers.output(0));
          return kernel.bind(operands, threads)::run;
        });
    return function.isComparison() ? lowered : lowered.withInPlace(0, 1);
  }

  /** A fold of all inputs by a function of pairs; null where a result in between is smaller. */
  static @Nullable Lowered fold(LoweringContext context, BinaryFunction function) {
    int count = context.inputCount();
    if (count == 1) {
      return Lowered.view();
    }
    if (count == 2) {
      return binary(context, function);
    }
    TensorSpec y = context.output(0);
    Shape first = context.input(0).shape().broadcast(context.input(1).shape());
    if (!first.equals(y.shape())) {
      return null;
    }
    List<PreparedKernel> kernels = new ArrayList<>();
    for (int i = 1; i < count; i++) {
      Shape left = i == 1 ? context.input(0).shape() : y.shape();
      Broadcast broadcast = Broadcast.of(left, context.input(i).shape());
      kernels.add(
          context.prepare(
              i, new BinaryProblem(function, y.dtype(), broadcast), () -> Weights.NONE));
    }
    int threads = context.threads();
    return Lowered.of(buffers -> {
      Runnable[] calls = new Runnable[count - 1];
      for (int i = 1; i < count; i++) {
        MemorySegment left = i == 1 ? buffers.input(0) : buffers.output(0);
        Operands operands = Operands.of(left, buffers.input(i), buffers.output(0));
        calls[i - 1] = kernels.get(i - 1).bind(operands, threads);
      }
      return inTurn(calls);
    });
  }

  /** One call after the other. */
  static Lowered.Call inTurn(Runnable... calls) {
    return () -> {
      for (Runnable call : calls) {
        call.run();
      }
    };
  }

  /**
   * A copy within one tensor of whole bytes.
   *
   * @param part tells the copies of one node apart
   */
  static PreparedKernel copy(LoweringContext context, int part, CopyProblem problem) {
    return context.prepare(part, problem, () -> Weights.NONE);
  }

  /** A copy from input 0, beginning at an element of it, to the whole of output 0. */
  static Lowered copy(LoweringContext context, CopyProblem problem, long from) {
    PreparedKernel kernel = copy(context, 0, problem);
    int threads = context.threads();
    long offset = from * problem.elementBytes();
    return Lowered.of(buffers -> {
      Operands operands =
          Operands.of(
              buffers.input(0).asSlice(offset, problem.inputBytes()),
              buffers.output(0).asSlice(0, problem.outputBytes()));
      return kernel.bind(operands, threads)::run;
    });
  }

  /** Bytes of an element that copies can move; 0 for others. */
  static int elementBytes(DType dtype) {
    int bits = dtype.bits();
    return dtype == DType.STRING || bits < 8 || bits > 64 ? 0 : bits / 8;
  }

  /**
   * A function of 8-bit elements by a table, from input 0 to output 0; scales and zero points must
   * be constants.
   *
   * @param scale the input of the data's scale, which its zero point follows
   * @param outputScale the input of the result's scale, which its zero point follows
   */
  static @Nullable Lowered table(
      LoweringContext context, int scale, int outputScale, DoubleUnaryOperator function) {
    if (!isFixed(context, scale, scale + 1, outputScale, outputScale + 1)) {
      return null;
    }
    DType dtype = context.input(0).dtype();
    if (dtype != DType.UINT8 && dtype != DType.INT8 || context.output(0).dtype() != dtype) {
      return null;
    }
    double sx = scalar(context, scale);
    int zx = zeroPoint(context, scale + 1);
    float sy = (float) scalar(context, outputScale);
    int zy = zeroPoint(context, outputScale + 1);
    MemorySegment table = Arena.ofAuto().allocate(LookupProblem.TABLE_BYTES, Tensor.ALIGNMENT);
    for (int i = 0; i < LookupProblem.TABLE_BYTES; i++) {
      double x = ((dtype == DType.INT8 ? (byte) i : i) - zx) * sx;
      double q = Math.rint((double) ((float) function.applyAsDouble(x) / sy)) + zy;
      q = Math.max(dtype.minValue(), Math.min(dtype.maxValue(), q));
      table.set(ValueLayout.JAVA_BYTE, i, (byte) (int) q);
    }
    return inPlace(context, new LookupProblem(context.input(0).shape().size()), Weights.of(table));
  }

  /** Whether all of the inputs are omitted or constants. */
  static boolean isFixed(LoweringContext context, int... inputs) {
    for (int input : inputs) {
      if (!context.isFixed(input)) {
        return false;
      }
    }
    return true;
  }

  /** The only element of a constant input. */
  static double scalar(LoweringContext context, int input) {
    Tensor tensor = context.constant(input);
    if (tensor == null || tensor.size() != 1) {
      throw context.error("input " + input + " is not one constant");
    }
    return tensor.getDouble(0);
  }

  /** The only element of a constant input, 0 when it is omitted. */
  static int zeroPoint(LoweringContext context, int input) {
    return context.inputOrNull(input) == null ? 0 : (int) scalar(context, input);
  }

  /** The elements of a constant input, one or one a channel; 0 when it is omitted. */
  static int[] zeroPoints(LoweringContext context, int input) {
    Tensor tensor = context.constant(input);
    if (tensor == null) {
      return new int[] {0};
    }
    int[] values = new int[(int) tensor.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (int) tensor.getLong(i);
    }
    return values;
  }

  /** The elements of a constant input. */
  static float[] scales(LoweringContext context, int input) {
    Tensor tensor = context.constant(input);
    if (tensor == null) {
      throw context.error("input " + input + " is not constant");
    }
    return tensor.toFloats();
  }

  /** The constants of an 8-bit product to an 8-bit output, whose scales are the given inputs. */
  static WeightQuantization requantizing(
      LoweringContext context, int inputScale, int weightScale, int outputScale) {
    return Quantization.requantizing(
        (float) scalar(context, inputScale),
        scales(context, weightScale),
        zeroPoints(context, weightScale + 1),
        (float) scalar(context, outputScale),
        zeroPoint(context, outputScale + 1));
  }

  /**
   * QuantizeLinear and DequantizeLinear, of input 0 by scales and zero points in inputs 1 and 2;
   * null where these vary, belong to blocks or do not fit each other, and for types between which a
   * conversion kernel means something else.
   */
  static @Nullable Lowered convert(LoweringContext context) {
    TensorSpec x = context.input(0);
    Tensor scale = context.constant(1);
    if (scale == null
        || !isFixed(context, 2)
        || x.dtype().isFloat() == context.output(0).dtype().isFloat()
        || context.constant(2) instanceof Tensor zeroPoint && zeroPoint.size() != scale.size()
        || context.node().intAttribute("block_size", 0) != 0) {
      return null;
    }
    long outer = 1;
    int channels = 1;
    long inner = x.shape().size();
    if (scale.size() != 1 || scale.shape().rank() > 1) {
      int axis = x.shape().normalizeAxis(context.node().intAttribute("axis", 1));
      if (scale.shape().rank() != 1 || scale.size() != x.shape().dim(axis)) {
        return null;
      }
      outer = x.shape().size(0, axis);
      channels = Math.toIntExact(x.shape().dim(axis));
      inner = x.shape().size(axis + 1, x.shape().rank());
    }
    return single(
        context,
        new ConvertProblem(x.dtype(), context.output(0).dtype(), outer, channels, inner),
        Weights.NONE.withQuantization(
            new WeightQuantization(zeroPoints(context, 2), scale.toFloats(), 0)));
  }
}
