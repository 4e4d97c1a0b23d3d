package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Kernels of AMX whose instructions on tiles are emulated; the rest of their code runs as it is.
 * What the hardware would have refused fails the run.
 */
public final class AmxKernels {
  private static final Supplier<Assembler> EMULATED = EmulatedTiles::new;

  private AmxKernels() {}

  /** Ends a test on machines that cannot run the emulation. */
  public static void assumeEmulation() {
    Acceptance runs = CpuFeatures.host().withoutCap().supports(Isa.AVX512_BF16);
    Assumptions.assumeTrue(
        runs.accepted(),
        () -> "AMX is emulated in AVX-512 with VNNI and BF16: " + runs.refusal().orElseThrow());
  }

  /** The matrix products, of any size. */
  public static List<Kernel> products() {
    return List.of(
        new Checked(new X86AmxGemm(DType.INT8, EMULATED, true)),
        new Checked(new X86AmxGemm(DType.BFLOAT16, EMULATED, true)),
        new Checked(new X86AmxGemm(DType.FLOAT16, EMULATED, true)));
  }

  /** The convolutions, of any size. */
  public static List<Kernel> convolutions() {
    return List.of(new Checked(new X86AmxConv(EMULATED, true)));
  }

  /**
   * A kernel of the catalogue, with the instructions of this CPU, for problems of any size; none
   * where the system does not let the process use tiles.
   */
  public static Stream<Kernel> ofAnySize(Kernel kernel) {
    if (!TileSupport.accepts(CpuFeatures.host()).accepted()) {
      return Stream.empty();
    }
    if (kernel instanceof X86AmxConv) {
      return Stream.of(new X86AmxConv(Assembler::new, true));
    }
    Set<DType> types = kernel.spec().inputTypes();
    return Stream.of(
        new X86AmxGemm(
            types.size() > 1 ? DType.INT8 : types.iterator().next(), Assembler::new, true));
  }

  private record Checked(Kernel kernel) implements Kernel {
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
      return new CheckedRun(kernel.prepare(problem, weights));
    }
  }

  private record CheckedRun(PreparedKernel kernel) implements PreparedKernel {
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
      kernel.run(operands, threads);
      check();
    }

    @Override
    public Runnable bind(Operands operands, int threads) {
      Runnable bound = kernel.bind(operands, threads);
      return () -> {
        bound.run();
        check();
      };
    }

    private void check() {
      String fault = TileFile.takeFault();
      if (!fault.isEmpty()) {
        throw new AssertionError(
            "%s, %s: the hardware refuses %s".formatted(spec().id(), problem(), fault));
      }
    }

    @Override
    public void close() {
      kernel.close();
    }
  }
}
