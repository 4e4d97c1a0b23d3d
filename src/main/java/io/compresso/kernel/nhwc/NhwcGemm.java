package io.compresso.kernel.nhwc;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.Weights;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A prepared matrix product as a pointwise convolution: the rows of A are pixels, the columns of B
 * filters.
 */
public final class NhwcGemm implements PreparedKernel {
  private final KernelSpec spec;
  private final GemmProblem problem;
  private final @Nullable NhwcConv conv;
  private final boolean constantWeights;

  /** Packs the weights and makes the code. */
  public NhwcGemm(KernelSpec spec, GemmProblem problem, Weights weights, TileBackend backend) {
    this.spec = spec;
    this.problem = problem;
    this.constantWeights = weights.data() != null;
    if (problem.outputBytes() == 0) {
      this.conv = null;
      return;
    }
    ConvProblem pointwise =
        new ConvProblem(
            problem.types(),
            Layout.NHWC,
            1,
            new Channels(problem.k(), problem.n(), 1),
            List.of(SpatialAxis.of(problem.m(), 1, 0)),
            problem.epilogue());
    FilterOrder order =
        problem.transpose().b() ? FilterOrder.OUTPUTS_FIRST : FilterOrder.INPUTS_FIRST;
    this.conv = new NhwcConv(spec, pointwise, weights, backend, order);
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
  public Runnable bind(Operands operands, int threads) {
    boolean copies = problem.transpose().a() || !constantWeights && !problem.transpose().b();
    if (conv == null || copies) {
      return () -> run(operands, threads);
    }
    operands.require(problem, constantWeights);
    return conv.bind(operands, threads);
  }

  @Override
  public void run(Operands operands, int threads) {
    operands.require(problem, constantWeights);
    if (conv == null) {
      return;
    }
    boolean copiesInput = problem.transpose().a();
    try (Scratch a = Scratch.of(copiesInput ? problem.inputBytes() : 0)) {
      MemorySegment input = operands.input();
      if (copiesInput) {
        input = a.segment();
        DType type = problem.types().input();
        transpose(operands.input(), input, type, problem.k(), problem.m());
      }
      Operands rows =
          new Operands(
              input,
              constantWeights ? null : operands.second(),
              operands.third(),
              operands.output(),
              operands.inputZeroPoint(),
              operands.inputScale());
      conv.run(rows, threads);
    }
  }

  /** Writes {@code source[rows, columns]} as {@code target[columns, rows]}. */
  private static void transpose(
      MemorySegment source, MemorySegment target, DType type, int rows, int columns) {
    for (long column = 0; column < columns; column++) {
      for (long row = 0; row < rows; row++) {
        long from = row * columns + column;
        long to = column * rows + row;
        switch (type.bits()) {
          case 8 -> target.set(ValueLayout.JAVA_BYTE, to, source.get(ValueLayout.JAVA_BYTE, from));
          case 16 ->
              target.set(
                  ValueLayout.JAVA_SHORT_UNALIGNED,
                  2 * to,
                  source.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * from));
          default ->
              target.set(
                  ValueLayout.JAVA_INT_UNALIGNED,
                  4 * to,
                  source.get(ValueLayout.JAVA_INT_UNALIGNED, 4 * from));
        }
      }
    }
  }

  @Override
  public void close() {
    if (conv != null) {
      conv.close();
    }
  }
}
