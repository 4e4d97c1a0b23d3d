package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.nhwc.WinogradBackend;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Winograd's convolutions with tiles of each size, whether they are of use or not. */
public final class WinogradKernels {
  private WinogradKernels() {}

  /** A kernel for each size of tiles and each instruction set. */
  public static List<Kernel> all() {
    return Stream.of(Isa.AVX512, Isa.AVX2)
        .flatMap(isa -> IntStream.rangeClosed(2, 4).mapToObj(outputs -> ofOutputs(isa, outputs)))
        .toList();
  }

  /** What makes the code of an instruction set. */
  public static WinogradBackend backend(Isa isa) {
    return new X86WinogradBackend(VectorSet.of(isa));
  }

  /** The kernel with tiles of so many outputs a side. */
  public static Kernel ofOutputs(Isa isa, int outputs) {
    return new X86WinogradConv(isa, OptionalInt.of(outputs));
  }
}
