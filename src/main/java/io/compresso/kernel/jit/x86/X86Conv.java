package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.panel.PanelConv;
import io.compresso.tensor.DType;
import java.util.Set;

/** The float convolution over NCHW in AVX2 or AVX-512 code. */
public final class X86Conv implements Kernel {
  private static final int MOST_STRIDE = 64;

  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public X86Conv(Isa isa) {
    this.set = VectorSet.of(isa);
    int rows = JitPanel.mostRows(Factors.FLOATS, set);
    int columns = JitPanel.factory(Factors.FLOATS, set).width();
    this.spec =
        new KernelSpec(
            "f32-conv-%dx%d-%s".formatted(rows, columns, isa),
            KernelFamily.CONV,
            Set.of(DType.FLOAT),
            new KernelSpec.Tile(rows, columns, 1),
            "",
            isa);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof ConvProblem conv) || conv.layout() != ConvProblem.Layout.NCHW) {
      return Acceptance.no("not a convolution over NCHW");
    }
    long largest = Math.max(conv.depth(), Math.max(conv.inputArea(), conv.outputArea()));
    return Acceptance.when(conv.types().equals(OperandTypes.FLOAT), "not of floats")
        .and(conv.epilogue().isPlain())
        .and(JitPanel.accepts(conv.kernelArea(), Math.max(largest, PanelConv.planeSize(conv))))
        .and(
            Acceptance.when(
                conv.axes().stream().allMatch(axis -> axis.stride() <= MOST_STRIDE),
                "a stride above " + MOST_STRIDE))
        .and(ExecutableMemory.allowed());
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    ConvProblem conv = (ConvProblem) problem;
    return DepthwiseRun.accepts(conv, weights, set)
        ? new DepthwiseRun(spec, conv, weights)
        : new PanelConv(spec, conv, weights, JitPanel.factory(Factors.FLOATS, set));
  }
}
