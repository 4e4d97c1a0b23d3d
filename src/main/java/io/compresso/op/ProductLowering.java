package io.compresso.op;

import io.compresso.kernel.BatchGemmProblem;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.GemmProblem.Transpose;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.ProductProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** Convolutions and products of matrices as kernels. */
final class ProductLowering {
  private ProductLowering() {}

  /**
   * A product of inputs of a node, to output 0.
   *
   * @param data the input with the data
   * @param weights the input with the weights
   * @param bias the input with the bias; a negative number for none
   * @param output the element type of the result
   * @param quantization zero points and scales of 8-bit operands
   * @param zeroPoint the zero point of 8-bit data
   * @param epilogue what happens to the sums; whether there is a bias is known from {@code bias}
   */
  record Product(
      int data,
      int weights,
      int bias,
      DType output,
      WeightQuantization quantization,
      int zeroPoint,
      Epilogue epilogue) {
    /** A product of floats. */
    static Product ofFloats(LoweringContext context, int bias) {
      return new Product(
          0, 1, bias, context.output(0).dtype(), WeightQuantization.NONE, 0, Epilogue.NONE);
    }

    Product withEpilogue(Epilogue newEpilogue) {
      return new Product(data, weights, bias, output, quantization, zeroPoint, newEpilogue);
    }

    private boolean hasBias(LoweringContext context) {
      return bias >= 0 && context.inputOrNull(bias) != null;
    }

    private OperandTypes types(LoweringContext context) {
      return new OperandTypes(context.input(data).dtype(), context.input(weights).dtype(), output);
    }
  }

  /** The convolution of data {@code [N, C, spatial...]} by the node's attributes. */
  static @Nullable Lowered convolution(LoweringContext context, Product product) {
    ConvProblem problem =
        Convolution.problem(
            context.node(),
            context.input(product.data()).shape(),
            context.input(product.weights()).shape(),
            product.types(context),
            product.epilogue().withBias(product.hasBias(context)));
    return single(context, problem, product);
  }

  /** One kernel; null if the bias is not a constant. */
  static @Nullable Lowered single(
      LoweringContext context, ProductProblem problem, Product product) {
    boolean biased = product.hasBias(context);
    if (biased && context.constant(product.bias()) == null) {
      return null;
    }
    Tensor weights = context.constant(product.weights());
    PreparedKernel kernel = context.prepare(0, problem, () -> weights(context, problem, product));
    int threads = context.threads();
    return Lowered.of(buffers -> {
      Operands plain =
          weights != null
              ? Operands.of(buffers.input(product.data()), buffers.output(0))
              : Operands.of(
                  buffers.input(product.data()),
                  buffers.input(product.weights()),
                  buffers.output(0));
      Operands operands = plain.withInputQuantization(product.zeroPoint(), 1);
      return kernel.bind(operands, threads)::run;
    });
  }

  private static Weights weights(LoweringContext context, ProductProblem problem, Product product) {
    Tensor data = context.constant(product.weights());
    Tensor bias = product.bias() < 0 ? null : context.constant(product.bias());
    return Weights.NONE
        .withData(data == null ? null : Products.memory(data))
        .withBias(bias == null ? null : memory(problem.biasType(), bias))
        .withQuantization(product.quantization());
  }

  /** The tensor's elements in another type, in native memory. */
  static MemorySegment memory(DType type, Tensor tensor) {
    if (tensor.dtype() == type) {
      return Products.memory(tensor);
    }
    Tensor converted = Tensor.allocate(type, tensor.shape());
    for (long i = 0; i < tensor.size(); i++) {
      converted.setDouble(i, tensor.getDouble(i));
    }
    return converted.segment();
  }

  /** The product of stacks of matrices, as {@link MatrixProduct} has it. */
  static @Nullable Lowered matrices(LoweringContext context, Product product) {
    Shape a = context.input(product.data()).shape();
    Shape b = context.input(product.weights()).shape();
    Shape left = a.rank() == 1 ? Shape.of(1, a.size()) : a;
    Shape right = b.rank() == 1 ? Shape.of(b.size(), 1) : b;
    Shape leftStack = MatrixProduct.stack(left);
    Shape rightStack = MatrixProduct.stack(right);
    int k = Math.toIntExact(left.dim(-1));
    int n = Math.toIntExact(right.dim(-1));
    if (rightStack.size() == 1) {
      int m = Math.toIntExact(leftStack.size() * left.dim(-2));
      return single(context, problem(context, product, m, n, k), product);
    }
    GemmProblem problem = problem(context, product, Math.toIntExact(left.dim(-2)), n, k);
    Shape stack = leftStack.broadcast(rightStack);
    int threads = context.threads();
    BatchGemmProblem batch = MatrixProduct.batch(problem, leftStack, rightStack, stack);
    if (batch != null) {
      PreparedKernel kernel = context.prepare(0, batch, () -> Weights.NONE);
      return Lowered.of(buffers -> {
        MemorySegment data = buffers.input(product.data());
        MemorySegment weights = buffers.input(product.weights());
        return kernel.bind(Operands.of(data, weights, buffers.output(0)), threads)::run;
      });
    }
    int count = Math.toIntExact(stack.size());
    PreparedKernel kernel =
        context.prepare(0, problem, () -> Weights.NONE.withQuantization(product.quantization()));
    return Lowered.of(buffers -> {
      Operands[] all = new Operands[count];
      for (int i = 0; i < count; i++) {
        all[i] =
            Operands.of(
                    slice(
                        buffers.input(product.data()),
                        MatrixProduct.index(i, leftStack, stack),
                        problem.inputBytes()),
                    slice(
                        buffers.input(product.weights()),
                        MatrixProduct.index(i, rightStack, stack),
                        problem.weightBytes()),
                    slice(buffers.output(0), i, problem.outputBytes()))
                .withInputQuantization(product.zeroPoint(), 1);
      }
      boolean inTurn = count < threads || problem.macs() > 1 << 24;
      Runnable[] each = new Runnable[count];
      for (int i = 0; i < count; i++) {
        each[i] = kernel.bind(all[i], inTurn ? threads : 1);
      }
      if (inTurn) {
        return Lowerings.inTurn(each);
      }
      Workers.ChunkTask one = chunk -> each[chunk].run();
      return () -> Workers.shared().run(count, threads, one);
    });
  }

  private static MemorySegment slice(MemorySegment segment, long index, long bytes) {
    return segment.asSlice(index * bytes, bytes);
  }

  private static GemmProblem problem(
      LoweringContext context, Product product, int m, int n, int k) {
    return new GemmProblem(product.types(context), m, n, k, Transpose.NONE, product.epilogue());
  }

  /** ONNX Gemm; null where it takes more than a kernel and a sum. */
  static @Nullable Lowered gemm(LoweringContext context) {
    TensorSpec a = context.input(0);
    TensorSpec c = context.inputOrNull(2);
    boolean transposeA = context.node().intAttribute("transA", 0) != 0;
    boolean transposeB = context.node().intAttribute("transB", 0) != 0;
    float alpha = context.node().floatAttribute("alpha", 1);
    float beta = context.node().floatAttribute("beta", 1);
    int n = Math.toIntExact(context.output(0).shape().dim(1));
    boolean fused =
        c != null
            && beta == 1
            && context.constant(2) != null
            && a.dtype() == DType.FLOAT
            && c.shape().size() == n
            && (c.shape().rank() == 1 || c.shape().dim(-1) == n);
    if (alpha != 1 || c != null && beta != 0 && !fused) {
      return null;
    }
    GemmProblem problem =
        new GemmProblem(
            new OperandTypes(a.dtype(), context.input(1).dtype(), a.dtype()),
            Math.toIntExact(context.output(0).shape().dim(0)),
            n,
            Math.toIntExact(a.shape().dim(transposeA ? 0 : 1)),
            Transpose.of(transposeA, transposeB),
            Epilogue.NONE.withBias(fused));
    return single(context, problem, Product.ofFloats(context, fused ? 2 : -1));
  }

  /** MatMulInteger and alike: the zero point of the data may come with each run. */
  static @Nullable Lowered integers(
      LoweringContext context, ProductProblem problem, Product product, int zeroPoint) {
    if (context.isFixed(zeroPoint)) {
      return null;
    }
    Tensor weights = context.constant(product.weights());
    DType type = context.input(zeroPoint).dtype();
    if (weights == null || context.input(zeroPoint).shape().size() != 1) {
      return null;
    }
    PreparedKernel kernel = context.prepare(0, problem, () -> weights(context, problem, product));
    int threads = context.threads();
    return Lowered.of(buffers -> {
      PreparedKernel.QuantizedRun run =
          kernel.bindQuantized(
              Operands.of(buffers.input(product.data()), buffers.output(0)), threads);
      MemorySegment zero = buffers.input(zeroPoint);
      return () -> {
        byte value = zero.get(ValueLayout.JAVA_BYTE, 0);
        run.run(type == DType.INT8 ? value : value & 0xFF, 1);
      };
    });
  }
}
