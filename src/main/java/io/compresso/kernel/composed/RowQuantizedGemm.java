package io.compresso.kernel.composed;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.panel.Chunks;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Products that quantize the rows of their input ({@link OperandTypes#quantizesRows()}): the rows
 * first, then the machine's product of bytes, whose sums are scaled where they lie.
 */
public final class RowQuantizedGemm extends ComposedKernel {
  private static final OperandTypes SUMS = new OperandTypes(DType.INT8, DType.INT8, DType.INT32);
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  /** The greatest quantized element of a row. */
  private static final float GREATEST = 127;

  /** Work on an element of a row, counted in bytes that are copied. */
  private static final int WEIGHT = 16;

  public RowQuantizedGemm() {
    super(KernelFamily.GEMM, "qd8", Set.of(DType.FLOAT), "rows");
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof GemmProblem gemm)) {
      return Acceptance.no("not a matrix product");
    }
    Acceptance acceptance =
        Acceptance.when(gemm.types().quantizesRows(), "not of rows to be quantized")
            .and(Acceptance.when(!gemm.transpose().a(), "columns in place of rows"))
            .and(gemm.epilogue().isPlain());
    return acceptance.accepted() ? KernelCatalog.takesBeforeReference(sums(gemm), cpu) : acceptance;
  }

  private static GemmProblem sums(GemmProblem problem) {
    return problem.withTypes(SUMS).withEpilogue(Epilogue.NONE);
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Prepared(spec(), (GemmProblem) problem, weights);
  }

  private static final class Prepared implements PreparedKernel {
    private final KernelSpec spec;
    private final GemmProblem problem;
    private final PreparedKernel sums;
    private final boolean constantWeights;
    private final float[] scales;
    private final float @Nullable [] bias;

    Prepared(KernelSpec spec, GemmProblem problem, Weights weights) {
      this.spec = spec;
      this.problem = problem;
      this.sums = KernelCatalog.prepare(sums(problem), weights.withBias(null));
      this.constantWeights = weights.data() != null;
      this.scales = new float[problem.n()];
      for (int j = 0; j < scales.length; j++) {
        scales[j] = weights.quantization().scale(j);
      }
      this.bias =
          problem.epilogue().bias() ? Objects.requireNonNull(weights.bias()).toArray(FLOAT) : null;
    }

    @Override
    public GemmProblem problem() {
      return problem;
    }

    @Override
    public KernelSpec spec() {
      return spec;
    }

    @Override
    public void run(Operands operands, int threads) {
      operands.require(problem, constantWeights);
      int m = problem.m();
      try (Scratch bytes = Scratch.of((long) m * problem.k());
          Scratch rowScales = Scratch.of((long) Float.BYTES * m)) {
        MemorySegment quantized = bytes.segment();
        MemorySegment scale = rowScales.segment();
        Chunks.run(
            m,
            WEIGHT * quantized.byteSize(),
            threads,
            (first, rows) -> {
              for (long row = first; row < first + rows; row++) {
                quantize(operands.input(), row, quantized, scale);
              }
            });
        sums.run(
            new Operands(quantized, operands.second(), null, operands.output(), 0, 1), threads);
        Chunks.run(
            m,
            2 * problem.outputBytes(),
            threads,
            (first, rows) -> {
              for (long row = first; row < first + rows; row++) {
                scale(operands.output(), row, scale.getAtIndex(FLOAT, row));
              }
            });
      }
    }

    private void quantize(
        MemorySegment input, long row, MemorySegment bytes, MemorySegment scales) {
      long first = row * problem.k();
      float most = 0;
      for (int p = 0; p < problem.k(); p++) {
        most = Math.max(most, Math.abs(input.getAtIndex(FLOAT, first + p)));
      }
      float scale = most / GREATEST;
      scales.setAtIndex(FLOAT, row, Float.isInfinite(scale) ? Float.NaN : scale);
      if (!(scale > 0)) {
        bytes.asSlice(first, problem.k()).fill((byte) 0);
        return;
      }
      for (int p = 0; p < problem.k(); p++) {
        float ratio = input.getAtIndex(FLOAT, first + p) / scale;
        float bounded = Math.max(-GREATEST, Math.min(GREATEST, ratio));
        bytes.set(ValueLayout.JAVA_BYTE, first + p, (byte) Math.rint(bounded));
      }
    }

    /** Makes results of the sums of a row. */
    private void scale(MemorySegment output, long row, float rowScale) {
      long first = row * problem.n();
      for (int j = 0; j < problem.n(); j++) {
        float y = output.getAtIndex(INT, first + j) * (rowScale * scales[j]);
        output.setAtIndex(FLOAT, first + j, bias == null ? y : y + bias[j]);
      }
      Epilogue epilogue = problem.epilogue();
      if (!epilogue.clips()) {
        return;
      }
      for (int j = 0; j < problem.n(); j++) {
        float y = output.getAtIndex(FLOAT, first + j);
        output.setAtIndex(
            FLOAT,
            first + j,
            y < epilogue.low() ? epilogue.low() : y > epilogue.high() ? epilogue.high() : y);
      }
    }

    @Override
    public void close() {
      sums.close();
    }
  }
}
