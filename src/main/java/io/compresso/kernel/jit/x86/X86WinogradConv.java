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
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.WinogradChoice;
import io.compresso.kernel.nhwc.WinogradConv;
import io.compresso.tensor.DType;
import java.util.OptionalInt;

/**
 * The 3x3 convolution of stride 1 over NHWC by Winograd's minimal filtering, in AVX2 or AVX-512
 * code: of floats of single and half precision, which are summed in single precision, or of bytes,
 * whose results are exact. Filters that are given with each run, and those that overflow when they
 * are transformed, are left to the direct convolution.
 */
public final class X86WinogradConv implements Kernel {
  private final X86WinogradBackend backend;
  private final X86NhwcConv direct;
  private final OptionalInt outputs;
  private final KernelSpec spec;

  /**
   * With tiles of a fixed size, whether they are of use or not.
   *
   * @param outputs of a side of a tile, or empty for the choice of {@link WinogradChoice}
   */
  X86WinogradConv(Isa isa, Arithmetic arithmetic, OptionalInt outputs) {
    boolean bytes = arithmetic.isInteger();
    this.backend = new X86WinogradBackend(VectorSet.of(isa), arithmetic);
    this.direct = bytes ? X86NhwcConv.ofBytes(isa) : X86NhwcConv.ofFloats(isa);
    this.outputs = outputs;
    int rows = backend.mostTiles(backend.vectors());
    int columns = backend.vectors() * backend.lanes();
    String size = outputs.isPresent() ? "f%d-".formatted(outputs.getAsInt()) : "";
    this.spec =
        new KernelSpec(
            "%s-conv-nhwc-winograd-%s%dx%d%s-%s"
                .formatted(bytes ? "qx8" : "f32", size, rows, columns, bytes ? "c2" : "", isa),
            KernelFamily.CONV,
            direct.spec().inputTypes(),
            new KernelSpec.Tile(rows, columns, arithmetic.grain()),
            (bytes ? "[o/%d][position][c/2][%d][2]" : "[o/%d][position][c][%d]")
                .formatted(columns, columns),
            isa);
  }

  /**
   * Of floats.
   *
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public static X86WinogradConv ofFloats(Isa isa) {
    return new X86WinogradConv(isa, Arithmetic.FLOATS, OptionalInt.empty());
  }

  /**
   * Of bytes.
   *
   * @param isa {@code AVX2}, {@code AVX_VNNI} or {@code AVX512_VNNI}
   */
  public static X86WinogradConv ofBytes(Isa isa) {
    return new X86WinogradConv(isa, Arithmetic.WORDS, OptionalInt.empty());
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    Acceptance acceptance = direct.accepts(problem, cpu);
    if (!acceptance.accepted() || !(problem instanceof ConvProblem conv)) {
      return acceptance;
    }
    acceptance = WinogradChoice.accepts(conv);
    if (!acceptance.accepted()) {
      return acceptance;
    }
    DType input = conv.types().input();
    int channels = conv.channels().inPerGroup();
    return Acceptance.when(
            WinogradInputCode.takes(backend.set(), input, channels),
            "%d channels of %s",
            channels,
            input)
        .and(Acceptance.when(outputs(conv).isPresent(), "faster by the sums themselves"));
  }

  private OptionalInt outputs(ConvProblem problem) {
    return outputs.isPresent() ? outputs : WinogradChoice.choose(problem, backend);
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    ConvProblem conv = (ConvProblem) problem;
    if (weights.data() == null) {
      return direct.prepare(conv, weights);
    }
    int size = outputs(conv).orElseThrow();
    WinogradConv prepared = new WinogradConv(spec, conv, weights, backend, size, direct::prepare);
    if (prepared.hasModerateFilters()) {
      return prepared;
    }
    prepared.close();
    return direct.prepare(conv, weights);
  }
}
