package io.compresso.kernel.jit.arm;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.BlockGemmProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.BlockPanels;
import io.compresso.kernel.panel.BlockUnpacker;
import io.compresso.kernel.panel.PanelProduct;
import io.compresso.kernel.panel.StripBlockGemm;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;

/**
 * Products with weights quantized in blocks, which stay the bytes that they are: NEON code
 * dequantizes a panel at a time for the product of floats.
 */
public final class ArmBlockGemm implements Kernel {
  private static final PanelProduct.Factory PRODUCTS = ArmPanel.factory(Products.FLOATS);
  private static final BlockUnpacker.Factory UNPACKERS =
      new BlockUnpacker.Factory() {
        @Override
        public int columns() {
          return BlockUnpackCode.COLUMNS;
        }

        @Override
        public BlockUnpacker create(BlockPanels panels, int step) {
          return new Unpacker(panels, step);
        }
      };

  private static final KernelSpec SPEC =
      new KernelSpec(
          "f32-block-gemm-%dx%d-%s"
              .formatted(Products.FLOATS.mostRows(), PRODUCTS.width(), Isa.NEON),
          KernelFamily.BLOCK_GEMM,
          Set.of(DType.FLOAT),
          new KernelSpec.Tile(Products.FLOATS.mostRows(), PRODUCTS.width(), 1),
          "[n/%1$d][k/8][%1$d][8]".formatted(BlockUnpackCode.COLUMNS),
          Isa.NEON);

  @Override
  public KernelSpec spec() {
    return SPEC;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    if (!(problem instanceof BlockGemmProblem product)) {
      return Acceptance.no("not a product with weights in blocks");
    }
    long widest =
        Math.max(product.m(), Math.max(product.n(), (long) product.blocks() * product.block()));
    return Acceptance.when(product.k() > 0, "no depth")
        .and(ArmPanel.accepts(1, widest))
        .and(ExecutableMemory.allowed());
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new StripBlockGemm(SPEC, (BlockGemmProblem) problem, weights, PRODUCTS, UNPACKERS);
  }

  /** Panels by {@link BlockUnpackCode}. */
  private static final class Unpacker implements BlockUnpacker {
    private final BlockPanels panels;
    private final MemorySegment zeroPoints =
        Arena.ofAuto().allocate(Float.BYTES * BlockUnpackCode.COLUMNS, 16);
    private final CodeCache.Lease code;

    Unpacker(BlockPanels panels, int step) {
      this.panels = panels;
      for (int i = 0; i < BlockUnpackCode.COLUMNS; i++) {
        zeroPoints.setAtIndex(ValueLayout.JAVA_FLOAT, i, panels.zeroPoint());
      }
      BlockUnpackCode source = new BlockUnpackCode(panels.layout(), Float.BYTES * step);
      this.code = CodeCache.lease(source, source::generate);
    }

    @Override
    public void unpack(int panel, MemorySegment target) {
      NativeCall.block(
          code.entry(),
          target,
          MemorySegment.ofAddress(panels.fields(panel)),
          MemorySegment.NULL,
          MemorySegment.ofAddress(panels.constants(panel)),
          panels.layout().blocks(),
          0,
          zeroPoints);
    }

    @Override
    public void close() {
      code.close();
    }
  }
}
