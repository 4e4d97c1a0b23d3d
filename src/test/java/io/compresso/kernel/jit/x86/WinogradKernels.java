package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.nhwc.Arithmetic;
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
    Stream<Kernel> floats =
        Stream.of(Isa.AVX512, Isa.AVX2)
            .flatMap(
                isa -> IntStream.rangeClosed(2, 4).mapToObj(outputs -> ofOutputs(isa, outputs)));
    Stream<Kernel> bytes =
        Stream.of(Isa.AVX512_VNNI, Isa.AVX_VNNI, Isa.AVX2).map(WinogradKernels::ofBytes);
    return Stream.concat(floats, bytes).toList();
  }

  /** What makes the code of an instruction set, for floats or bytes. */
  public static WinogradBackend backend(Isa isa, Arithmetic arithmetic) {
    return new X86WinogradBackend(VectorSet.of(isa), arithmetic);
  }

  /** The kernel with tiles of so many outputs a side. */
  public static Kernel ofOutputs(Isa isa, int outputs) {
    return new X86WinogradConv(isa, Arithmetic.FLOATS, OptionalInt.of(outputs));
  }

  /** The kernel of bytes, whose tiles have one size. */
  public static Kernel ofBytes(Isa isa) {
    return new X86WinogradConv(isa, Arithmetic.WORDS, OptionalInt.of(4));
  }
}
