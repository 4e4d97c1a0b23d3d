package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.panel.PanelConv;
import io.compresso.tensor.DType;
import java.util.Set;

/** The 8-bit convolution over NCHW in AVX2, AVX-VNNI or AVX-512 VNNI code. */
public final class X86Int8Conv implements Kernel {
  private static final int MOST_STRIDE = 64;

  private final VectorSet set;
  private final KernelSpec spec;

  /**
   * @param isa {@code AVX2}, {@code AVX_VNNI} or {@code AVX512_VNNI}
   */
  public X86Int8Conv(Isa isa) {
    this.set = VectorSet.of(isa);
    Factors factors = Factors.SIGNED_BY_UNSIGNED;
    int rows = JitPanel.mostRows(factors, set);
    int columns = JitPanel.factory(factors, set).width();
    this.spec =
        new KernelSpec(
            "qx8-conv-%dx%dc4-%s".formatted(rows, columns, isa),
            KernelFamily.CONV,
            Set.of(DType.UINT8, DType.INT8),
            new KernelSpec.Tile(rows, columns, 4),
            "[o][c/4][kernel][4]",
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
    return Acceptance.when(conv.types().isInt8(), "not of bytes")
        .and(Requantizer.accepts(conv.epilogue()))
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
        : new Int8ConvRun(spec, conv, weights, set);
  }
}
