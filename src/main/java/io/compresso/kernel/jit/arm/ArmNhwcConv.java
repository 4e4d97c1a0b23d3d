package io.compresso.kernel.jit.arm;

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

/**
 * The convolution over NHWC in NEON code: of bytes, or of floats of single and half precision and
 * of bfloat16, which are summed in single precision.
 */
public final class ArmNhwcConv implements Kernel {
  private final ArmTiles tiles;
  private final KernelSpec spec;

  private ArmNhwcConv(ArmTiles tiles) {
    this.tiles = tiles;
    this.spec =
        tiles.spec(KernelFamily.CONV, "conv-nhwc", "[g][o/%2$d][kernel][c/%1$d][%2$d][%1$d]");
  }

  /** Of floats. */
  public static ArmNhwcConv ofFloats() {
    return new ArmNhwcConv(ArmTiles.ofFloats());
  }

  /**
   * Of bytes.
   *
   * @param isa {@code NEON}, {@code NEON_DOTPROD} or {@code NEON_I8MM}
   */
  public static ArmNhwcConv ofBytes(Isa isa) {
    return new ArmNhwcConv(ArmTiles.ofBytes(isa));
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof ConvProblem conv) || conv.layout() != ConvProblem.Layout.NHWC) {
      return Acceptance.no("not a convolution over NHWC");
    }
    return Acceptance.when(conv.outputBytes() > 0, "no output")
        .and(tiles.accepts(conv, conv.channels().inPerGroup()));
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    ConvProblem conv = (ConvProblem) problem;
    boolean single = conv.isDepthwise() && conv.channels().outPerGroup() == 1;
    return new NhwcConv(
        spec, conv, weights, single ? tiles.depthwise() : tiles.backend(conv.types()));
  }
}
