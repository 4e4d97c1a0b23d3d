package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import java.util.List;
import java.util.function.Supplier;

/** Kernels of AMX whose instructions on tiles are emulated, run by one thread at a time. */
public final class AmxKernels {
  private static final Supplier<Assembler> EMULATED = EmulatedTiles::new;

  private AmxKernels() {}

  /** The matrix products, of any size. */
  public static List<Kernel> products() {
    return List.of(
        new OfOneThread(new X86AmxGemm(DType.INT8, EMULATED, true)),
        new OfOneThread(new X86AmxGemm(DType.BFLOAT16, EMULATED, true)),
        new OfOneThread(new X86AmxGemm(DType.FLOAT16, EMULATED, true)));
  }

  /** The convolutions, of any size. */
  public static List<Kernel> convolutions() {
    return List.of(new OfOneThread(new X86AmxConv(EMULATED, true)));
  }

  private record OfOneThread(Kernel kernel) implements Kernel {
    @Override
    public KernelSpec spec() {
      return kernel.spec();
    }

    @Override
    public Acceptance accepts(Problem problem, CpuFeatures cpu) {
      return kernel.accepts(problem, cpu);
    }

    @Override
    public PreparedKernel prepare(Problem problem, Weights weights) {
      return new PreparedForOneThread(kernel.prepare(problem, weights));
    }
  }

  private record PreparedForOneThread(PreparedKernel kernel) implements PreparedKernel {
    @Override
    public Problem problem() {
      return kernel.problem();
    }

    @Override
    public KernelSpec spec() {
      return kernel.spec();
    }

    @Override
    public void run(Operands operands, int threads) {
      kernel.run(operands, 1);
    }

    @Override
    public void close() {
      kernel.close();
    }
  }
}
