package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Activation;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.NhwcConv;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * The convolution over NHWC in AVX2, AVX-VNNI, AVX-512 or AVX-512 VNNI code: of bytes, or of floats
 * of single and half precision, which are summed in single precision.
 */
public final class X86NhwcConv implements Kernel {
  private static final int SPEC_VECTORS = 2;

  /**
   * Bytes of filters of half precision from which on reading fewer bytes is worth the widening:
   * below, they are near as floats, too.
   */
  private static final long LEAST_HALVES = 1 << 16;

  private final X86TileBackend backend;
  private final X86TileBackend depthwise;
  private final X86TileBackend halves;
  private final KernelSpec spec;

  private X86NhwcConv(Isa isa, Arithmetic arithmetic) {
    VectorSet set = VectorSet.of(isa);
    this.backend = new X86TileBackend(set, arithmetic, false);
    this.depthwise =
        new X86TileBackend(
            set, arithmetic.isInteger() ? Arithmetic.WIDENED_BYTES : arithmetic, true);
    this.halves = new X86TileBackend(set, Arithmetic.WIDENED_HALVES, false);
    int pixels = backend.mostPixels(SPEC_VECTORS);
    int columns = SPEC_VECTORS * set.lanes();
    this.spec =
        new KernelSpec(
            "%s-conv-nhwc-%dx%dc%d-%s"
                .formatted(
                    arithmetic.isInteger() ? "qx8" : "f32",
                    pixels,
                    columns,
                    arithmetic.grain(),
                    isa),
            KernelFamily.CONV,
            arithmetic.isInteger()
                ? Set.of(DType.UINT8, DType.INT8)
                : Set.of(DType.FLOAT, DType.FLOAT16),
            new KernelSpec.Tile(pixels, columns, arithmetic.grain()),
            "[g][o/%d][kernel][c/%d][%d][%d]"
                .formatted(columns, arithmetic.grain(), columns, arithmetic.grain()),
            isa);
  }

  /**
   * Of floats.
   *
   * @param isa {@code AVX2} or {@code AVX512}
   */
  public static X86NhwcConv ofFloats(Isa isa) {
    return new X86NhwcConv(isa, Arithmetic.FLOATS);
  }

  /**
   * Of bytes.
   *
   * @param isa {@code AVX2}, {@code AVX_VNNI} or {@code AVX512_VNNI}
   */
  public static X86NhwcConv ofBytes(Isa isa) {
    return new X86NhwcConv(isa, isa == Isa.AVX2 ? Arithmetic.WORDS : Arithmetic.BYTES);
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
    return takes(conv.types())
        ? acceptsShape(conv)
        : Acceptance.no("not of the types " + spec.inputTypes());
  }

  /** Whether there are tiles for the layout, the epilogue and the sizes. */
  static Acceptance acceptsShape(ConvProblem conv) {
    return Acceptance.when(conv.layout() == ConvProblem.Layout.NHWC, "not a convolution over NHWC")
        .and(accepts(conv.types(), conv.epilogue()))
        .and(Acceptance.when(conv.outputBytes() > 0, "no output"))
        .and(
            Acceptance.when(
                conv.inputBytes() <= Integer.MAX_VALUE / 4
                    && conv.outputBytes() <= Integer.MAX_VALUE / 4
                    && conv.weightBytes() <= Integer.MAX_VALUE / 4,
                "operands above half a gigabyte"))
        .and(ExecutableMemory.allowed());
  }

  private boolean takes(OperandTypes types) {
    return backend.arithmetic().isInteger()
        ? types.isInt8()
        : isFloat(types.input()) && isFloat(types.weight()) && isFloat(types.output());
  }

  private static boolean isFloat(DType type) {
    return type == DType.FLOAT || type == DType.FLOAT16;
  }

  private static Acceptance accepts(OperandTypes types, Epilogue epilogue) {
    DType output = types.output();
    boolean bytes = output == DType.UINT8 || output == DType.INT8;
    if (epilogue.activation() != Activation.NONE && !output.isFloat()) {
      return Acceptance.no("activation " + epilogue.activation() + " of " + output);
    }
    boolean adds =
        switch (epilogue.residual()) {
          case NONE -> true;
          case ADDED -> output != DType.INT32;
          case ADDED_TO_QUANTIZED -> bytes;
        };
    if (!adds) {
      return Acceptance.no("residual " + epilogue.residual() + " of " + output);
    }
    return bytes && (epilogue.low() > output.maxValue() || epilogue.high() < output.minValue())
        ? Acceptance.no("a clip range outside of " + output)
        : Acceptance.YES;
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    ConvProblem conv = (ConvProblem) problem;
    boolean single = conv.isDepthwise() && conv.channels().outPerGroup() == 1;
    if (single && NhwcDepthwise.accepts(conv, backend.set())) {
      return new NhwcDepthwise(spec, conv, weights);
    }
    X86TileBackend dense = keepsHalves(conv, weights) ? halves : backend;
    return new NhwcConv(spec, conv, weights, single ? depthwise : dense);
  }

  /** Whether filters of half precision stay what they are, to be widened when they are read. */
  private boolean keepsHalves(ConvProblem conv, Weights weights) {
    MemorySegment data = weights.data();
    return conv.weightBytes() >= LEAST_HALVES
        && backend.set() == VectorSet.AVX512
        && conv.types().weight() == DType.FLOAT16
        && conv.depth() % 2 == 0
        && data != null
        && data.isNative();
  }
}
