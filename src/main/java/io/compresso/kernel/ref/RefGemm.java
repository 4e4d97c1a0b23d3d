package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;

/**
 * The matrix product by its definition. Floats are summed in double precision and rounded once;
 * integers are summed in 64 bits and wrap to the output type.
 */
public final class RefGemm implements Kernel {
  private static final KernelSpec SPEC =
      new KernelSpec(
          "x-gemm-1x1-ref",
          KernelFamily.GEMM,
          EnumSet.allOf(DType.class),
          KernelSpec.Tile.SCALAR,
          "",
          Isa.REF);

  /** The greatest quantized element of a row. */
  private static final float GREATEST = 127;

  @Override
  public KernelSpec spec() {
    return SPEC;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof GemmProblem product
        ? RefElements.accepts(product.types())
            .and(RefActivation.accepts(product))
            .and(
                Acceptance.when(
                    !product.types().quantizesRows() || !product.transpose().a(),
                    "rows of a transposed input are not quantized"))
        : Acceptance.no("not a matrix product");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Prepared((GemmProblem) problem, weights);
  }

  private static final class Prepared extends RefPrepared {
    private final GemmProblem problem;

    Prepared(GemmProblem problem, Weights weights) {
      super(SPEC, problem, weights);
      this.problem = problem;
    }

    @Override
    void run(Operands operands, MemorySegment weights, Tensor output, int threads) {
      OperandTypes types = problem.types();
      int m = problem.m();
      int n = problem.n();
      int k = problem.k();
      int aCount = Math.toIntExact((long) m * k);
      int bCount = Math.toIntExact((long) k * n);
      int aRow = problem.transpose().a() ? 1 : k;
      int aColumn = problem.transpose().a() ? m : 1;
      int bRow = problem.transpose().b() ? 1 : n;
      int bColumn = problem.transpose().b() ? k : 1;
      if (types.quantizesRows()) {
        double[] a = RefElements.doubles(types.input(), operands.input(), aCount);
        long[] b = RefElements.longs(types.weight(), weights, bCount);
        Workers.shared()
            .run(
                m,
                threads,
                i -> {
                  long[] row = new long[k];
                  float scale = quantize(a, i * k, row);
                  Operands scaled = operands.withInputQuantization(0, scale);
                  for (int j = 0; j < n; j++) {
                    int bz = quantization.zeroPoint(j);
                    long sum = 0;
                    for (int p = 0; p < k; p++) {
                      sum += row[p] * (b[p * bRow + j * bColumn] - bz);
                    }
                    epilogue.store(output, (long) i * n + j, j, sum, scaled);
                  }
                });
      } else if (RefElements.isFloat(types.input())) {
        double[] a = RefElements.doubles(types.input(), operands.input(), aCount);
        double[] b = RefElements.doubles(types.weight(), weights, bCount);
        Workers.shared()
            .run(
                m,
                threads,
                i -> {
                  for (int j = 0; j < n; j++) {
                    double sum = 0;
                    for (int p = 0; p < k; p++) {
                      sum += a[i * aRow + p * aColumn] * b[p * bRow + j * bColumn];
                    }
                    epilogue.store(output, (long) i * n + j, j, sum, operands);
                  }
                });
      } else {
        long[] a = RefElements.longs(types.input(), operands.input(), aCount);
        long[] b = RefElements.longs(types.weight(), weights, bCount);
        int az = operands.inputZeroPoint();
        Workers.shared()
            .run(
                m,
                threads,
                i -> {
                  for (int j = 0; j < n; j++) {
                    int bz = quantization.zeroPoint(j);
                    long sum = 0;
                    for (int p = 0; p < k; p++) {
                      sum += (a[i * aRow + p * aColumn] - az) * (b[p * bRow + j * bColumn] - bz);
                    }
                    epilogue.store(output, (long) i * n + j, j, sum, operands);
                  }
                });
      }
    }

    /** Quantizes a row as {@link OperandTypes#quantizesRows} says; returns its scale. */
    private static float quantize(double[] from, int first, long[] row) {
      float most = 0;
      for (int p = 0; p < row.length; p++) {
        most = Math.max(most, Math.abs((float) from[first + p]));
      }
      float scale = most / GREATEST;
      for (int p = 0; p < row.length && scale > 0; p++) {
        float ratio = (float) from[first + p] / scale;
        row[p] = (long) Math.rint(Math.clamp(ratio, -GREATEST, GREATEST));
      }
      return Float.isInfinite(scale) ? Float.NaN : scale;
    }
  }
}
