package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.BlockGemmProblem;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Product with weights of 2, 4 or 8 bits, quantized in blocks along their depth. */
final class MatMulNBits extends MicrosoftOperator {
  @Override
  public String opType() {
    return "MatMulNBits";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      long n = context.node().intAttribute("N", 0);
      List<Dim> packed = context.dims(1);
      Long rows = packed == null || packed.isEmpty() ? null : packed.getFirst().sizeOrNull();
      if (packed != null && packed.size() == 3 && rows != null && rows != n) {
        throw context.error("attribute 'N' is " + n + ", input 'B' holds " + rows + " columns");
      }
      return shapes(context);
    };
  }

  /** The input's shape, {@code N} long along the last axis. */
  static List<Inferred> shapes(ShapeContext context) {
    List<Dim> a = context.dims(0);
    List<Dim> dims = a == null || a.isEmpty() ? null : new ArrayList<>(a);
    if (dims != null) {
      dims.set(dims.size() - 1, Dim.of(Math.max(0, context.node().intAttribute("N", 0))));
    }
    return List.of(Dims.tensor(context.dtype(0), dims));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  /** Floats by constant weights whose zero points are packed like them. */
  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Shape a = context.input(0).shape();
    int n = Math.toIntExact(context.node().intAttribute("N", 0));
    int k = Math.toIntExact(context.node().intAttribute("K", 0));
    Tensor packed = context.constant(1);
    Tensor scales = context.constant(2);
    Tensor zeros = context.constant(3);
    boolean known =
        packed != null
            && scales != null
            && context.isFixed(3)
            && (zeros == null || zeros.dtype() == DType.UINT8)
            && context.inputOrNull(4) == null
            && context.isFixed(5);
    if (!known
        || context.input(0).dtype() != DType.FLOAT
        || n < 1
        || k < 1
        || a.rank() < 1
        || a.dim(-1) != k) {
      return null;
    }
    Tensor bias = context.constant(5);
    BlockGemmProblem problem =
        new BlockGemmProblem(
            Math.toIntExact(a.size() / k),
            n,
            k,
            (int) context.node().intAttribute("bits", 4),
            (int) context.node().intAttribute("block_size", 0),
            bias != null);
    PreparedKernel kernel =
        context.prepare(
            0,
            problem,
            () ->
                Weights.of(Products.memory(Objects.requireNonNull(packed)))
                    .withBias(bias == null ? null : ProductLowering.memory(DType.FLOAT, bias))
                    .withQuantization(
                        quantization(problem, Objects.requireNonNull(scales), zeros)));
    int threads = context.threads();
    return Lowered.of(buffers -> {
      Operands operands = Operands.of(buffers.input(0), buffers.output(0));
      return kernel.bind(operands, threads)::run;
    });
  }

  private static WeightQuantization quantization(
      BlockGemmProblem problem, Tensor scales, @Nullable Tensor zeros) {
    int blocks = problem.blocks();
    int bits = problem.bits();
    int zeroRow = Math.ceilDiv(blocks * bits, 8);
    float[] factors = new float[problem.outputChannels()];
    int[] zeroPoints = new int[factors.length];
    if (scales.size() != factors.length) {
      throw new IllegalArgumentException(
          "%d scales for %d blocks".formatted(scales.size(), factors.length));
    }
    for (int i = 0; i < factors.length; i++) {
      factors[i] = scales.getFloat(i);
      zeroPoints[i] =
          zeros == null
              ? 1 << (bits - 1)
              : field(zeros, (long) i / blocks * zeroRow, i % blocks, bits);
    }
    return new WeightQuantization(zeroPoints, factors, 0);
  }

  private static Tensor run(OpContext context) {
    Tensor a = context.tensor(0);
    int n = Math.toIntExact(context.node().intAttribute("N", 0));
    int k = Math.toIntExact(context.node().intAttribute("K", 0));
    if (a.shape().rank() < 1 || a.shape().dim(-1) != k || n < 1 || k < 1) {
      throw context.error("input " + a.shape() + " for weights of depth " + k);
    }
    Tensor x = Reals.as(context, DType.FLOAT, a);
    Tensor bias = context.tensorOrNull(5);
    GemmProblem problem =
        new GemmProblem(
            OperandTypes.FLOAT,
            Math.toIntExact(a.size() / k),
            n,
            k,
            GemmProblem.Transpose.B,
            Epilogue.NONE.withBias(bias != null));
    Tensor y = context.allocate(DType.FLOAT, a.shape().with(-1, n));
    Products.run(
        context,
        problem,
        Quantization.allConstant(context, 1, 2, 3, 4, 5),
        () ->
            Weights.of(weights(context, n, k).segment())
                .withBias(
                    bias == null ? null : Products.memory(Reals.as(context, DType.FLOAT, bias))),
        Operands.of(Products.memory(x), y.segment()));
    return Reals.as(context, a.dtype(), y);
  }

  /** The weights as floats, {@code [n, k]}. */
  private static Tensor weights(OpContext context, int n, int k) {
    int bits = (int) context.node().intAttribute("bits", 4);
    int block = (int) context.node().intAttribute("block_size", 0);
    if ((bits != 2 && bits != 4 && bits != 8) || block < 16 || Integer.bitCount(block) != 1) {
      throw context.error(bits + " bits in blocks of " + block);
    }
    int blocks = Math.ceilDiv(k, block);
    Tensor packed = context.tensor(1);
    Tensor scales = context.tensor(2);
    Tensor zeros = context.tensorOrNull(3);
    if (packed.size() != (long) n * blocks * block * bits / 8
        || scales.size() != (long) n * blocks) {
      throw context.error(
          "weights %s with scales %s for %d x %d".formatted(packed.shape(), scales.shape(), n, k));
    }
    long[] groups = groups(context, k, block);
    Tensor w = context.allocate(DType.FLOAT, Shape.of(n, k));
    int zeroRow = Math.ceilDiv(blocks * bits, 8);
    for (int row = 0; row < n; row++) {
      for (int i = 0; i < k; i++) {
        int at = (int) groups[i];
        float zero =
            zeros == null
                ? 1 << (bits - 1)
                : zeros.dtype().isFloat()
                    ? zeros.getFloat((long) row * blocks + at)
                    : field(zeros, (long) row * zeroRow, at, bits);
        long from = ((long) row * blocks + i / block) * block * bits / 8;
        float q = field(packed, from, i % block, bits);
        w.setFloat((long) row * k + i, (q - zero) * scales.getFloat((long) row * blocks + at));
      }
    }
    return w;
  }

  /** The block whose scale and zero point each row of the weights takes. */
  private static long[] groups(OpContext context, int k, int block) {
    Tensor given = context.tensorOrNull(4);
    int blocks = Math.ceilDiv(k, block);
    if (given == null) {
      long[] groups = new long[k];
      Arrays.setAll(groups, i -> i / block);
      return groups;
    }
    if (given.size() != k && given.size() != (long) blocks * block) {
      throw context.error("input 'g_idx' " + given.shape() + " for weights of depth " + k);
    }
    long[] groups = given.toLongs();
    for (long group : groups) {
      if (group < 0 || group >= blocks) {
        throw context.error("input 'g_idx' holds " + group + ", there are " + blocks + " blocks");
      }
    }
    return groups;
  }

  /** Field {@code index} of those packed from byte {@code from}, low bits first. */
  private static int field(Tensor bytes, long from, int index, int bits) {
    long bit = (long) index * bits;
    return (int) (bytes.getLong(from + bit / 8) >> bit % 8) & ((1 << bits) - 1);
  }
}
