package io.compresso.op;

import io.compresso.kernel.Activation;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.Isa;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.Operands;
import io.compresso.kernel.ProductProblem;
import io.compresso.kernel.ResidualQuantization;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Products with epilogues that no kernel but the reference has: the product with its bias by a
 * kernel, what is left of the epilogue in a second sweep, with the same roundings.
 */
final class SplitProduct {
  private static final int MOST_CHOICES = 4096;
  private static final int CHUNK = 16 * Blocks.SIZE;

  /** By problem, whether it is better split. */
  private static final ConcurrentHashMap<ProductProblem, Boolean> CHOICES =
      new ConcurrentHashMap<>();

  private SplitProduct() {}

  /** As {@link Products#run}, into {@code result}, whose memory {@code operands} has. */
  static void run(
      OpContext context,
      ProductProblem problem,
      boolean constant,
      Supplier<Weights> weights,
      Operands operands,
      Tensor result,
      @Nullable Tensor residual) {
    if (!isBetter(problem)) {
      Products.run(context, problem, constant, weights, operands);
      return;
    }
    Products.run(
        context,
        plain(problem),
        constant,
        () -> plain(problem, weights.get()),
        operands.withThird(null));
    finish(problem, weights.get(), result, residual, context.threads());
  }

  /** Applies what a plain product leaves of the epilogue. */
  static void finish(
      ProductProblem problem,
      Weights weights,
      Tensor result,
      @Nullable Tensor residual,
      int threads) {
    Finish finish = new Finish(problem.epilogue(), weights, result, residual);
    Workers.shared().run((int) Math.ceilDiv(result.size(), CHUNK), threads, finish::chunk);
  }

  /** The problem without what is left to the second sweep. */
  static ProductProblem plain(ProductProblem problem) {
    return problem.withEpilogue(Epilogue.NONE.withBias(problem.epilogue().bias()));
  }

  /** The constants of the problem without what is left to the second sweep. */
  static Weights plain(ProductProblem problem, Weights weights) {
    if (problem.epilogue().residual() != Residual.ADDED_TO_QUANTIZED) {
      return weights;
    }
    return weights.withQuantization(
        weights.quantization().withOutputZeroPoint(weights.residual().sumZeroPoint()));
  }

  /** Whether a kernel takes the problem without its epilogue only. */
  static boolean isBetter(ProductProblem problem) {
    if (problem.epilogue().isPlain().accepted()) {
      return false;
    }
    if (problem.epilogue().residual() == Residual.ADDED && !problem.types().output().isFloat()) {
      return false;
    }
    Boolean known = CHOICES.get(problem);
    if (known == null) {
      known = isa(problem) == Isa.REF && isa(plain(problem)) != Isa.REF;
      if (CHOICES.size() < MOST_CHOICES) {
        CHOICES.put(problem, known);
      }
    }
    return known;
  }

  private static Isa isa(ProductProblem problem) {
    return KernelCatalog.choose(problem).spec().isa();
  }

  /** What is left of an epilogue. */
  private record Finish(
      Epilogue epilogue, Weights weights, Tensor result, @Nullable Tensor residual) {
    void chunk(int chunk) {
      long end = Math.min(result.size(), (chunk + 1L) * CHUNK);
      float[] values = new float[Blocks.SIZE];
      float[] added = new float[Blocks.SIZE];
      for (long at = (long) chunk * CHUNK; at < end; at += Blocks.SIZE) {
        int count = (int) Math.min(Blocks.SIZE, end - at);
        Blocks.read(result, at, values, 0, count);
        if (residual != null) {
          Blocks.read(residual, at, added, 0, count);
        }
        if (result.dtype().isFloat()) {
          floats(values, added, count);
        } else {
          bytes(values, added, count);
        }
        Blocks.write(values, result, at, count);
      }
    }

    private void floats(float[] values, float[] added, int count) {
      if (residual != null) {
        for (int i = 0; i < count; i++) {
          values[i] += added[i];
        }
      }
      activate(epilogue.activation(), values, count);
      if (epilogue.clips()) {
        for (int i = 0; i < count; i++) {
          float y = values[i];
          values[i] =
              y < epilogue.low() ? epilogue.low() : y > epilogue.high() ? epilogue.high() : y;
        }
      }
    }

    private void bytes(float[] values, float[] added, int count) {
      DType type = result.dtype();
      ResidualQuantization constants = weights.residual();
      float low = Math.max(type.minValue(), epilogue.low());
      float high = Math.min(type.maxValue(), epilogue.high());
      for (int i = 0; i < count; i++) {
        float sum = (values[i] - constants.sumZeroPoint()) * constants.sumScale();
        float other = (added[i] - constants.residualZeroPoint()) * constants.residualScale();
        float y = (float) Math.rint(sum + other) + weights.quantization().outputZeroPoint();
        values[i] = y > low ? Math.min(y, high) : low;
      }
    }
  }

  /** Applies an activation to the first {@code n} elements. */
  static void activate(Activation activation, float[] x, int n) {
    switch (activation) {
      case NONE -> {}
      case SIGMOID -> FloatMath.sigmoid(x, n);
      case TANH -> FloatMath.tanh(x, n);
      case GELU -> {
        for (int i = 0; i < n; i++) {
          x[i] = (float) Gelus.exact(x[i]);
        }
      }
      case GELU_TANH -> {
        for (int i = 0; i < n; i++) {
          x[i] = (float) Gelus.tanh(x[i]);
        }
      }
      case SWISH -> {
        float[] gate = x.clone();
        FloatMath.sigmoid(gate, n);
        for (int i = 0; i < n; i++) {
          x[i] *= gate[i];
        }
      }
      case HARD_SWISH -> {
        for (int i = 0; i < n; i++) {
          x[i] *= Math.max(0, Math.min(1, x[i] * (1 / 6f) + 0.5f));
        }
      }
    }
  }
}
