package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.panel.Blocks;
import io.compresso.kernel.panel.Blocks.Product;
import io.compresso.kernel.panel.Packing;
import io.compresso.kernel.panel.PanelShape.Left;
import io.compresso.kernel.panel.PanelShape.Panel;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The 8-bit matrix product in the Vector API. */
public final class VectorInt8Gemm implements Kernel {
  private static final int MOST_ROWS = 96;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final KernelSpec SPEC =
      new KernelSpec(
          "qx8-gemm-6x2v-vector",
          KernelFamily.GEMM,
          Set.of(DType.UINT8, DType.INT8),
          new KernelSpec.Tile(6, 2, 1),
          "[n/2v][k][2v]",
          Isa.VECTOR);

  @Override
  public KernelSpec spec() {
    return SPEC;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    Acceptance present = VectorModule.present();
    // What follows loads a class that needs the module.
    if (!present.accepted()) {
      return present;
    }
    return problem instanceof GemmProblem gemm
        ? Acceptance.when(gemm.types().isInt8(), "not of bytes").and(Int8Epilogue.accepts(gemm))
        : Acceptance.no("not a matrix product");
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Prepared((GemmProblem) problem, weights);
  }

  private static final class Prepared implements PreparedKernel {
    private static final int WIDTH = VectorPanel.WIDTH;

    private final GemmProblem problem;
    private final WeightQuantization quantization;
    private final ExactSums sums;
    private final Int8Epilogue epilogue;
    private final Arena arena = Arena.ofShared();
    private final @Nullable MemorySegment packed;

    Prepared(GemmProblem problem, Weights weights) {
      this.problem = problem;
      this.quantization = weights.quantization();
      Left left = problem.transpose().a() ? new Left(1, problem.m()) : new Left(problem.k(), 1);
      this.sums = new ExactSums(left, Panel.packed(problem.k(), WIDTH), sumStride());
      this.epilogue = new Int8Epilogue(problem, weights);
      MemorySegment data = weights.data();
      if (data == null) {
        packed = null;
      } else {
        packed = arena.allocate(packedBytes(), 64);
        pack(data, packed, Workers.shared().size());
      }
    }

    private int sumStride() {
      return Math.ceilDiv(problem.n(), WIDTH) * WIDTH;
    }

    private long packedBytes() {
      return Packing.bytes(problem.k(), problem.n(), WIDTH);
    }

    private void pack(MemorySegment matrix, MemorySegment panels, int threads) {
      int n = problem.n();
      int k = problem.k();
      DType type = problem.types().weight();
      try (Scratch scratch = Scratch.of(4L * k * n)) {
        MemorySegment floats = scratch.segment();
        if (problem.transpose().b()) {
          for (int j = 0; j < n; j++) {
            long at = (long) j * k;
            VectorBytes.widen(matrix, at, type, quantization.zeroPoint(j), floats, 4 * at, k);
          }
        } else {
          VectorBytes.widen(matrix, 0, type, 0, floats, 0, (long) k * n);
          if (!quantization.isSymmetric()) {
            for (int p = 0; p < k; p++) {
              for (int j = 0; j < n; j++) {
                long at = 4 * ((long) p * n + j);
                floats.set(FLOAT, at, floats.get(FLOAT, at) - quantization.zeroPoint(j));
              }
            }
          }
        }
        Packing.pack(floats, problem.transpose().b(), k, n, WIDTH, panels, threads);
      }
    }

    @Override
    public GemmProblem problem() {
      return problem;
    }

    @Override
    public KernelSpec spec() {
      return SPEC;
    }

    @Override
    public void run(Operands operands, int threads) {
      operands.require(problem, packed != null);
      try (Scratch input = Scratch.of(4 * problem.inputBytes());
          Scratch panels = Scratch.of(packed != null ? 0 : packedBytes())) {
        VectorBytes.widen(
            operands.input(),
            0,
            problem.types().input(),
            operands.inputZeroPoint(),
            input.segment(),
            0,
            problem.inputBytes());
        if (packed == null) {
          pack(Objects.requireNonNull(operands.second()), panels.segment(), threads);
        }
        multiply(operands, input.segment(), packed != null ? packed : panels.segment(), threads);
      }
    }

    private void multiply(Operands operands, MemorySegment a, MemorySegment b, int threads) {
      int n = problem.n();
      long rowBytes = 4L * (problem.transpose().a() ? 1 : problem.k());
      int pool = Math.min(threads, Workers.shared().size());
      Blocks blocks =
          Blocks.of(new Product(problem.m(), n, problem.k(), 1), 6, WIDTH, pool)
              .withRowsAtMost(MOST_ROWS);
      long stride = 4L * sumStride();
      Workers.shared()
          .run(
              blocks.count(),
              threads,
              block -> {
                int row = blocks.firstRow(block);
                int column = blocks.firstColumn(block);
                int rows = blocks.rowsOf(block);
                int columns = blocks.columnsOf(block);
                try (Scratch scratch = Scratch.of(rows * stride)) {
                  MemorySegment values = scratch.segment();
                  sums.multiply(
                      a.asSlice(row * rowBytes),
                      b.asSlice(4L * column * problem.k()),
                      values,
                      rows,
                      columns);
                  for (int i = 0; i < rows; i++) {
                    epilogue.storeColumns(
                        values,
                        i * stride,
                        column,
                        operands,
                        (long) (row + i) * n + column,
                        columns);
                  }
                }
              });
    }

    @Override
    public void close() {
      arena.close();
    }
  }
}
