package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.x86.AmxCode.Products;
import io.compresso.kernel.jit.x86.GemmProduct.Tiles;
import io.compresso.tensor.DType;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Matrix products in the tiles of AMX: of bytes, exact in 32 bits, or of bfloat16, summed in 32
 * bits, where subnormal numbers count as 0. Products of few rows are left to vector code, which
 * does not compute the rest of a tile.
 */
public final class X86AmxGemm implements Kernel {
  private static final int LEAST_ROWS = AmxCode.TILE_ROWS;
  private static final int LEAST_DEPTH = 64;

  private final DType type;
  private final boolean bytes;
  private final Supplier<Assembler> assembler;
  private final boolean unconditional;
  private final KernelSpec spec;

  /**
   * @param type {@code INT8} for products of bytes of either sign, {@code BFLOAT16}, or {@code
   *     FLOAT16} for products of half-precision floats that are split ({@link SplitGemmRun})
   */
  public X86AmxGemm(DType type) {
    this(type, Assembler::new, false);
  }

  /**
   * @param assembler makes the assembler
   * @param unconditional whether problems of any size are taken, whatever the machine: who makes
   *     such a kernel knows that the assembler's code can run
   */
  X86AmxGemm(DType type, Supplier<Assembler> assembler, boolean unconditional) {
    this.type = type;
    this.bytes = type == DType.INT8;
    this.assembler = assembler;
    this.unconditional = unconditional;
    int side = 2 * AmxCode.TILE_ROWS;
    int group = bytes ? 4 : 2;
    this.spec =
        new KernelSpec(
            "%s-gemm-%dx%dc%d-amx".formatted(name(type), side, side, group),
            KernelFamily.GEMM,
            bytes ? Set.of(DType.UINT8, DType.INT8, DType.FLOAT) : Set.of(type),
            new KernelSpec.Tile(side, side, AmxCode.TILE_UNITS * group),
            "[n/%d][k/%d][%d][%d]".formatted(side, group, side, group),
            Isa.AMX);
  }

  private static String name(DType type) {
    return switch (type) {
      case INT8 -> "qx8";
      case BFLOAT16 -> "bf16";
      case FLOAT16 -> "f16";
      default -> throw new IllegalArgumentException("no tiles of " + type);
    };
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof GemmProblem gemm)) {
      return Acceptance.no("not a matrix product");
    }
    Acceptance types =
        bytes ? X86Int8Gemm.acceptsTypes(gemm) : X86Gemm.acceptsTypes(gemm, spec.inputTypes());
    return types
        .and(
            Acceptance.when(
                gemm.k() >= LEAST_DEPTH || (unconditional && type != DType.FLOAT16),
                "a depth below " + LEAST_DEPTH))
        .and(
            Acceptance.when(
                unconditional || gemm.m() >= LEAST_ROWS, "fewer than " + LEAST_ROWS + " rows"))
        .and(GemmProduct.accepts(4L * Math.max(gemm.m(), Math.max(gemm.n(), gemm.k()))))
        .and(ExecutableMemory.allowed())
        .and(unconditional ? Acceptance.YES : TileSupport.accepts(cpu));
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    GemmProblem gemm = (GemmProblem) problem;
    Products products =
        bytes ? Products.of(gemm.types().input(), gemm.types().weight()) : Products.BFLOAT16;
    Tiles tiles = new Tiles(products, assembler);
    if (type == DType.FLOAT16) {
      return SplitGemmRun.of(spec, gemm, weights, tiles);
    }
    return bytes
        ? new Int8GemmRun(spec, gemm, weights, tiles)
        : new FloatGemmRun(spec, gemm, weights, Factors.BFLOAT16_PAIRS, tiles);
  }
}
