package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.kernel.panel.PlanarConv;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/** The 8-bit convolution over NCHW in the Vector API. */
public final class VectorInt8Conv implements Kernel {
  private static final KernelSpec SPEC =
      new KernelSpec(
          "qx8-conv-6x2v-vector",
          KernelFamily.CONV,
          Set.of(DType.UINT8, DType.INT8),
          new KernelSpec.Tile(6, 2, 1),
          "",
          Isa.VECTOR);

  @Override
  public KernelSpec spec() {
    return SPEC;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    Acceptance present = VectorModule.present();
    if (!present.accepted()) {
      return present;
    }
    return problem instanceof ConvProblem conv && conv.layout() == ConvProblem.Layout.NCHW
        ? Acceptance.when(conv.types().isInt8(), "not of bytes")
            .and(Int8Epilogue.accepts(conv))
            .and(ExactSums.accepts(conv.kernelArea()))
        : Acceptance.no("not a convolution over NCHW");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Prepared((ConvProblem) problem, weights);
  }

  private static final class Prepared extends PlanarConv {
    private final ExactSums sums;
    private final Int8Epilogue epilogue;

    Prepared(ConvProblem problem, Weights weights) {
      super(SPEC, problem, weights, VectorPanel.FACTORY, false);
      this.sums = new ExactSums(left(), panel(VectorPanel.WIDTH), paddedStride());
      this.epilogue = new Int8Epilogue(problem, weights);
    }

    private long paddedStride() {
      return Math.ceilDiv(sumStride(), VectorPanel.WIDTH) * VectorPanel.WIDTH;
    }

    @Override
    protected void floatFilters(
        MemorySegment data, WeightQuantization scheme, MemorySegment floats) {
      long depth = problem().depth();
      for (int channel = 0; channel < problem().channels().out(); channel++) {
        VectorBytes.widen(
            data,
            channel * depth,
            problem().types().weight(),
            scheme.zeroPoint(channel),
            floats,
            4 * channel * depth,
            depth);
      }
    }

    @Override
    protected void floatInput(Operands operands, MemorySegment floats, int threads) {
      VectorBytes.widen(
          operands.input(),
          0,
          problem().types().input(),
          operands.inputZeroPoint(),
          floats,
          0,
          operands.input().byteSize());
    }

    @Override
    protected void compute(Block block) {
      long stride = 4 * paddedStride();
      try (Scratch scratch = Scratch.of(block.rows() * stride)) {
        MemorySegment values = scratch.segment();
        sums.multiply(block.a(), block.b(), values, block.rows(), block.columns());
        block.forEachRun((row, column, first, length) ->
            epilogue.storeRow(
                values,
                row * stride + 4L * column,
                block.channel() + row,
                block.operands(),
                first,
                length));
      }
    }
  }
}
