package io.compresso.kernel.vector;

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
import io.compresso.kernel.panel.PanelConv;
import io.compresso.tensor.DType;
import java.util.Set;

/** The float convolution over NCHW in the Vector API. */
public final class VectorConv implements Kernel {
  private static final KernelSpec SPEC =
      new KernelSpec(
          "f32-conv-6x2v-vector",
          KernelFamily.CONV,
          Set.of(DType.FLOAT),
          new KernelSpec.Tile(6, 2, 1),
          "",
          Isa.VECTOR);

  @Override
  public KernelSpec spec() {
    return SPEC;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return problem instanceof ConvProblem conv && conv.layout() == ConvProblem.Layout.NCHW
        ? VectorModule.present()
            .and(Acceptance.when(conv.types().equals(OperandTypes.FLOAT), "not of floats"))
            .and(conv.epilogue().isPlain())
        : Acceptance.no("not a convolution over NCHW");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new PanelConv(SPEC, (ConvProblem) problem, weights, VectorPanel.FACTORY);
  }
}
