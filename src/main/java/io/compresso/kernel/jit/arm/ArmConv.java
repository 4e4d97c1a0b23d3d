package io.compresso.kernel.jit.arm;

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
import io.compresso.kernel.panel.PanelProduct;
import io.compresso.tensor.DType;
import java.util.Set;

/** The float convolution over NCHW in NEON code. */
public final class ArmConv implements Kernel {
  private static final int MOST_STRIDE = 64;
  private static final PanelProduct.Factory FACTORY = ArmPanel.factory(Products.FLOATS);
  private static final KernelSpec.Tile TILE =
      new KernelSpec.Tile(Products.FLOATS.mostRows(), FACTORY.width(), 1);
  private static final KernelSpec SPEC =
      new KernelSpec(
          "f32-conv-%dx%d-%s".formatted(TILE.rows(), TILE.columns(), Isa.NEON),
          KernelFamily.CONV,
          Set.of(DType.FLOAT),
          TILE,
          "",
          Isa.NEON);

  @Override
  public KernelSpec spec() {
    return SPEC;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof ConvProblem conv) || conv.layout() != ConvProblem.Layout.NCHW) {
      return Acceptance.no("not a convolution over NCHW");
    }
    return Acceptance.when(conv.types().equals(OperandTypes.FLOAT), "not of floats")
        .and(conv.epilogue().isPlain())
        .and(acceptsShape(conv));
  }

  /** Whether the planes of a convolution over NCHW can be addressed. */
  static Acceptance acceptsShape(ConvProblem conv) {
    long largest = Math.max(conv.depth(), Math.max(conv.inputArea(), conv.outputArea()));
    return ArmPanel.accepts(conv.kernelArea(), Math.max(largest, PanelConv.planeSize(conv)))
        .and(
            Acceptance.when(
                conv.axes().stream().allMatch(axis -> axis.stride() <= MOST_STRIDE),
                "a stride above " + MOST_STRIDE))
        .and(ExecutableMemory.allowed());
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new PanelConv(SPEC, (ConvProblem) problem, weights, FACTORY);
  }
}
