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
import io.compresso.kernel.nhwc.NhwcConv;
import io.compresso.tensor.DType;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The convolution of bytes over NHWC in the tiles of AMX. Depthwise convolutions, and those of few
 * channels, are left to vector code.
 */
public final class X86AmxConv implements Kernel {
  private static final int LEAST_RUN = 16;
  private static final int LEAST_CHANNELS = 16;

  private final AmxTileBackend backend;
  private final boolean unconditional;
  private final KernelSpec spec;

  /** Of bytes of either sign. */
  public X86AmxConv() {
    this(Assembler::new, false);
  }

  /**
   * @param assembler makes the assembler
   * @param unconditional whether problems of any size are taken, whatever the machine: who makes
   *     such a kernel knows that the assembler's code can run
   */
  X86AmxConv(Supplier<Assembler> assembler, boolean unconditional) {
    this.backend = new AmxTileBackend(assembler);
    this.unconditional = unconditional;
    int side = AmxTileCode.MOST_PIXELS;
    this.spec =
        new KernelSpec(
            "qx8-conv-nhwc-%dx%dc4-amx".formatted(side, side),
            KernelFamily.CONV,
            Set.of(DType.UINT8, DType.INT8),
            new KernelSpec.Tile(side, side, 4),
            "[g][o/%d][kernel][c/4][%d][4]".formatted(side, side),
            Isa.AMX);
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof ConvProblem conv) || !conv.types().isInt8()) {
      return Acceptance.no("not a convolution of bytes");
    }
    long run = (long) conv.channels().inPerGroup() * conv.axes().getLast().kernel();
    return X86NhwcConv.acceptsShape(conv)
        .and(
            Acceptance.when(
                unconditional
                    || (run >= LEAST_RUN && conv.channels().outPerGroup() >= LEAST_CHANNELS),
                "few channels"))
        .and(unconditional ? Acceptance.YES : TileSupport.accepts(cpu));
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new NhwcConv(spec, (ConvProblem) problem, weights, backend);
  }
}
