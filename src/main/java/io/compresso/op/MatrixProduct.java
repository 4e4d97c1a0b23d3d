package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.BatchGemmProblem;
import io.compresso.kernel.BatchGemmProblem.Place;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.GemmProblem.Transpose;
import io.compresso.kernel.Isa;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A product of stacks of matrices as ONNX MatMul defines it: vectors stand for one row on the left
 * and one column on the right, stacks broadcast.
 *
 * @param a the left operand
 * @param b the right operand
 * @param output the element type of the result
 * @param quantization zero points and scales of 8-bit operands, along the columns of {@code b}
 * @param inputZeroPoint zero point of an 8-bit {@code a}
 */
record MatrixProduct(
    Tensor a, Tensor b, DType output, WeightQuantization quantization, int inputZeroPoint) {
  static MatrixProduct of(Tensor a, Tensor b) {
    return new MatrixProduct(a, b, a.dtype(), WeightQuantization.NONE, 0);
  }

  /**
   * Computes it.
   *
   * @param constant whether {@code b} and the quantization are the same in every run
   */
  Tensor run(OpContext context, boolean constant) {
    Shape left = a.shape().rank() == 1 ? Shape.of(1, a.size()) : a.shape();
    Shape right = b.shape().rank() == 1 ? Shape.of(b.size(), 1) : b.shape();
    if (a.shape().rank() == 0 || b.shape().rank() == 0 || left.dim(-1) != right.dim(-2)) {
      throw context.error("shapes " + a.shape() + " and " + b.shape() + " do not multiply");
    }
    Shape leftStack = stack(left);
    Shape rightStack = stack(right);
    Shape stack;
    try {
      stack = leftStack.broadcast(rightStack);
    } catch (IllegalArgumentException _) {
      throw context.error("shapes " + a.shape() + " and " + b.shape() + " do not multiply");
    }
    Tensor y = context.allocateUncleared(output, result(stack, left.dim(-2), right.dim(-1)));
    int k = Math.toIntExact(left.dim(-1));
    int n = Math.toIntExact(right.dim(-1));
    if (rightStack.size() == 1) {
      GemmProblem problem = problem(Math.toIntExact(leftStack.size() * left.dim(-2)), n, k);
      Products.run(
          context,
          problem,
          constant,
          () -> Weights.of(Products.memory(b)).withQuantization(quantization),
          operands(Products.memory(a), null, y.segment()));
      return y;
    }
    GemmProblem problem = problem(Math.toIntExact(left.dim(-2)), n, k);
    runStack(context.threads(), problem, leftStack, rightStack, stack, y);
    return y;
  }

  private void runStack(
      int threads, GemmProblem problem, Shape leftStack, Shape rightStack, Shape stack, Tensor y) {
    MemorySegment inputs = Products.memory(a);
    MemorySegment weights = Products.memory(b);
    BatchGemmProblem batch = batch(problem, leftStack, rightStack, stack);
    if (batch != null) {
      try (PreparedKernel kernel = KernelCatalog.prepare(batch, Weights.NONE)) {
        kernel.run(Operands.of(inputs, weights, y.segment()), threads);
      }
      return;
    }
    try (PreparedKernel kernel =
        KernelCatalog.prepare(problem, Weights.NONE.withQuantization(quantization))) {
      for (long i = 0; i < stack.size(); i++) {
        kernel.run(
            operands(
                slice(inputs, index(i, leftStack, stack), problem.inputBytes()),
                slice(weights, index(i, rightStack, stack), problem.weightBytes()),
                slice(y.segment(), i, problem.outputBytes())),
            threads);
      }
    }
  }

  /** All products as one problem, or null when they are better computed one by one. */
  static @Nullable BatchGemmProblem batch(
      GemmProblem problem, Shape leftStack, Shape rightStack, Shape stack) {
    boolean regular =
        (leftStack.equals(stack) || leftStack.size() == 1)
            && (rightStack.equals(stack) || rightStack.size() == 1);
    if (!regular || problem.types().isInt8() || stack.size() > Integer.MAX_VALUE) {
      return null;
    }
    int count = (int) stack.size();
    BatchGemmProblem batch =
        new BatchGemmProblem(
            problem,
            1,
            count,
            place(leftStack, stack, problem.m(), problem.k()),
            place(rightStack, stack, problem.k(), problem.n()),
            Place.dense(count, problem.m(), problem.n()));
    Isa isa = KernelCatalog.select(batch, CpuFeatures.host()).kernel().spec().isa();
    return isa.isMachineCode() ? batch : null;
  }

  private static Place place(Shape from, Shape stack, int rows, int columns) {
    return from.equals(stack)
        ? Place.dense(stack.size(), rows, columns)
        : new Place(0, 0, columns, 1);
  }

  private static MemorySegment slice(MemorySegment segment, long index, long bytes) {
    return segment.asSlice(index * bytes, bytes);
  }

  private Operands operands(
      MemorySegment input, @Nullable MemorySegment weights, MemorySegment result) {
    return new Operands(input, weights, null, result, inputZeroPoint, 1);
  }

  private GemmProblem problem(int m, int n, int k) {
    return new GemmProblem(
        new OperandTypes(a.dtype(), b.dtype(), output), m, n, k, Transpose.NONE, Epilogue.NONE);
  }

  private Shape result(Shape stack, long m, long n) {
    List<Long> dims = new ArrayList<>();
    for (long dim : stack.dims()) {
      dims.add(dim);
    }
    if (a.shape().rank() > 1) {
      dims.add(m);
    }
    if (b.shape().rank() > 1) {
      dims.add(n);
    }
    return Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
  }

  /** The axes before the last two. */
  static Shape stack(Shape shape) {
    long[] dims = shape.dims();
    return Shape.of(Arrays.copyOf(dims, dims.length - 2));
  }

  /** The matrix of {@code from} that broadcasts to matrix {@code index} of {@code to}. */
  static long index(long index, Shape from, Shape to) {
    long[] strides = from.strides();
    long position = 0;
    int offset = to.rank() - from.rank();
    for (int axis = to.rank() - 1; axis >= 0; axis--) {
      long coordinate = index % to.dim(axis);
      index /= to.dim(axis);
      if (axis >= offset && from.dim(axis - offset) != 1) {
        position += coordinate * strides[axis - offset];
      }
    }
    return position;
  }

  /** The shape rule of a product of inputs {@code a} and {@code b}. */
  static Inferred infer(ShapeContext context, int a, int b, @Nullable DType output) {
    List<Dim> left = context.dims(a);
    List<Dim> right = context.dims(b);
    if (left == null || right == null) {
      return Dims.tensor(output, null);
    }
    if (left.isEmpty() || right.isEmpty()) {
      throw context.error("a scalar is no matrix");
    }
    int m = left.size() - 1;
    int k = Math.max(0, right.size() - 2);
    Dims.merge(context, left.get(m), right.get(k));
    List<Dim> dims = new ArrayList<>();
    List<Dim> stack =
        Dims.broadcast(
            context,
            left.subList(0, Math.max(0, left.size() - 2)),
            right.subList(0, Math.max(0, right.size() - 2)));
    if (stack != null) {
      dims.addAll(stack);
    }
    if (left.size() > 1) {
      dims.add(left.get(left.size() - 2));
    }
    if (right.size() > 1) {
      dims.add(right.getLast());
    }
    return Dims.tensor(output, dims);
  }
}
