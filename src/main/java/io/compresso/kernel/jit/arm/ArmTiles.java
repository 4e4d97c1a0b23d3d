package io.compresso.kernel.jit.arm;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Activation;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Isa;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.ProductProblem;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.nhwc.TileBackend;
import io.compresso.tensor.DType;
import java.util.Set;

/**
 * What the kernels have in common that compute tiles of products.
 *
 * @param isa the rung
 * @param factors what is multiplied
 */
record ArmTiles(Isa isa, Factors factors) {
  private static final Set<DType> ANY_FLOAT = Set.of(DType.FLOAT, DType.FLOAT16, DType.BFLOAT16);
  private static final int SPEC_VECTORS = 2;
  private static final int MOST_BYTES = Integer.MAX_VALUE / 4;

  /** The types of factors. */
  enum Factors {
    /** Floats of single and half precision and of bfloat16, multiplied in single precision. */
    FLOATS("f32", ANY_FLOAT, ANY_FLOAT),
    BFLOATS("bf16", Set.of(DType.BFLOAT16), ANY_FLOAT),
    BYTES(
        "qx8",
        Set.of(DType.UINT8, DType.INT8),
        Set.of(DType.UINT8, DType.INT8, DType.INT32, DType.FLOAT));

    private final String prefix;
    private final Set<DType> types;
    private final Set<DType> outputs;

    Factors(String prefix, Set<DType> types, Set<DType> outputs) {
      this.prefix = prefix;
      this.types = types;
      this.outputs = outputs;
    }
  }

  static ArmTiles ofFloats() {
    return new ArmTiles(Isa.NEON, Factors.FLOATS);
  }

  static ArmTiles ofBfloats() {
    return new ArmTiles(Isa.NEON_BF16, Factors.BFLOATS);
  }

  static ArmTiles ofBytes(Isa isa) {
    return new ArmTiles(isa, Factors.BYTES);
  }

  /**
   * The specification of a kernel.
   *
   * @param packing format of the packing, of the grain and of the columns of a panel
   */
  KernelSpec spec(KernelFamily family, String name, String packing) {
    TileProducts products = products(DType.UINT8);
    int rows = products.mostPixels(SPEC_VECTORS);
    int columns = SPEC_VECTORS * backend(DType.UINT8).lanes();
    int grain = (products.isMatrix() ? 2 : 1) * products.arithmetic().grain();
    return new KernelSpec(
        "%s-%s-%dx%dc%d-%s".formatted(factors.prefix, name, rows, columns, grain, isa),
        family,
        factors.types,
        new KernelSpec.Tile(rows, columns, grain),
        packing.formatted(products.arithmetic().grain(), columns),
        isa);
  }

  private TileProducts products(DType input) {
    return switch (factors) {
      case FLOATS -> TileProducts.FLOATS;
      case BFLOATS -> TileProducts.BFLOAT_MATRIX;
      case BYTES -> TileProducts.ofBytes(isa, input);
    };
  }

  private ArmTileBackend backend(DType input) {
    return new ArmTileBackend(products(input));
  }

  TileBackend backend(OperandTypes types) {
    return backend(types.input());
  }

  /** For convolutions of which each output channel has one input channel of its own. */
  TileBackend depthwise() {
    return new ArmTileBackend(
        factors == Factors.BYTES ? TileProducts.DEPTHWISE_BYTES : TileProducts.DEPTHWISE_FLOATS);
  }

  /**
   * Whether tiles can be computed, or why not.
   *
   * @param run consecutive elements of the input that belong to one sum, or a divisor of them
   */
  Acceptance accepts(ProductProblem problem, int run) {
    if (!takes(problem.types())) {
      return Acceptance.no("not of the types " + factors.types);
    }
    // What is read beyond a run is multiplied by 0, which for floats must be a number.
    int grain = backend(problem.types().input()).arithmetic().grain();
    boolean whole = factors == Factors.BYTES || run % grain == 0;
    return accepts(problem.types().output(), problem.epilogue())
        .and(Acceptance.when(whole, "runs of %d elements of the input".formatted(run)))
        .and(
            Acceptance.when(
                problem.inputBytes() <= MOST_BYTES
                    && problem.outputBytes() <= MOST_BYTES
                    && problem.weightBytes() <= MOST_BYTES,
                "operands above half a gigabyte"))
        .and(ExecutableMemory.allowed());
  }

  private boolean takes(OperandTypes types) {
    return factors.types.contains(types.input())
        && factors.types.contains(types.weight())
        && factors.outputs.contains(types.output());
  }

  private static Acceptance accepts(DType output, Epilogue epilogue) {
    boolean bytes = output == DType.UINT8 || output == DType.INT8;
    boolean residual =
        switch (epilogue.residual()) {
          case NONE -> true;
          case ADDED -> output != DType.INT32;
          case ADDED_TO_QUANTIZED -> bytes;
        };
    boolean clip =
        !bytes || epilogue.low() <= output.maxValue() && epilogue.high() >= output.minValue();
    return Acceptance.when(
            epilogue.activation() == Activation.NONE, "activation " + epilogue.activation())
        .and(Acceptance.when(residual, "residual %s of %s".formatted(epilogue.residual(), output)))
        .and(Acceptance.when(clip, "a clip range outside of " + output));
  }
}
