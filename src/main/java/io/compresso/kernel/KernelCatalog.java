package io.compresso.kernel;

import io.compresso.kernel.composed.GemmByGemm;
import io.compresso.kernel.composed.RowQuantizedGemm;
import io.compresso.kernel.composed.SeparateEpilogue;
import io.compresso.kernel.composed.WidenedProduct;
import io.compresso.kernel.jit.arm.ArmBlockGemm;
import io.compresso.kernel.jit.arm.ArmConv;
import io.compresso.kernel.jit.arm.ArmGemm;
import io.compresso.kernel.jit.arm.ArmNhwcConv;
import io.compresso.kernel.jit.arm.ArmTileGemm;
import io.compresso.kernel.jit.x86.X86AmxConv;
import io.compresso.kernel.jit.x86.X86AmxGemm;
import io.compresso.kernel.jit.x86.X86BatchGemm;
import io.compresso.kernel.jit.x86.X86Binary;
import io.compresso.kernel.jit.x86.X86BlockGemm;
import io.compresso.kernel.jit.x86.X86Cell;
import io.compresso.kernel.jit.x86.X86Conv;
import io.compresso.kernel.jit.x86.X86Convert;
import io.compresso.kernel.jit.x86.X86Copy;
import io.compresso.kernel.jit.x86.X86Gemm;
import io.compresso.kernel.jit.x86.X86Int8Conv;
import io.compresso.kernel.jit.x86.X86Int8Gemm;
import io.compresso.kernel.jit.x86.X86Lookup;
import io.compresso.kernel.jit.x86.X86NhwcConv;
import io.compresso.kernel.jit.x86.X86Norm;
import io.compresso.kernel.jit.x86.X86Pool;
import io.compresso.kernel.jit.x86.X86QuantizedBinary;
import io.compresso.kernel.jit.x86.X86Reduce;
import io.compresso.kernel.jit.x86.X86Softmax;
import io.compresso.kernel.jit.x86.X86Unary;
import io.compresso.kernel.jit.x86.X86WinogradConv;
import io.compresso.kernel.panel.DequantizedGemm;
import io.compresso.kernel.ref.RefBatchGemm;
import io.compresso.kernel.ref.RefBinary;
import io.compresso.kernel.ref.RefBlockGemm;
import io.compresso.kernel.ref.RefCell;
import io.compresso.kernel.ref.RefConv;
import io.compresso.kernel.ref.RefConvert;
import io.compresso.kernel.ref.RefCopy;
import io.compresso.kernel.ref.RefGather;
import io.compresso.kernel.ref.RefGemm;
import io.compresso.kernel.ref.RefLookup;
import io.compresso.kernel.ref.RefNorm;
import io.compresso.kernel.ref.RefPool;
import io.compresso.kernel.ref.RefQuantizedBinary;
import io.compresso.kernel.ref.RefReduce;
import io.compresso.kernel.ref.RefSoftmax;
import io.compresso.kernel.ref.RefUnary;
import io.compresso.kernel.vector.VectorBinary;
import io.compresso.kernel.vector.VectorCell;
import io.compresso.kernel.vector.VectorConv;
import io.compresso.kernel.vector.VectorConvert;
import io.compresso.kernel.vector.VectorCopy;
import io.compresso.kernel.vector.VectorGather;
import io.compresso.kernel.vector.VectorGemm;
import io.compresso.kernel.vector.VectorInt8Conv;
import io.compresso.kernel.vector.VectorInt8Gemm;
import io.compresso.kernel.vector.VectorIntegerBinary;
import io.compresso.kernel.vector.VectorLookup;
import io.compresso.kernel.vector.VectorNhwcConv;
import io.compresso.kernel.vector.VectorNorm;
import io.compresso.kernel.vector.VectorPool;
import io.compresso.kernel.vector.VectorQuantizedBinary;
import io.compresso.kernel.vector.VectorReduce;
import io.compresso.kernel.vector.VectorSoftmax;
import io.compresso.kernel.vector.VectorUnary;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Every kernel, per family best first, the reference last. */
public final class KernelCatalog {
  private static final List<Kernel> KERNELS =
      List.of(
          // gemm
          new X86AmxGemm(DType.INT8),
          new X86AmxGemm(DType.BFLOAT16),
          new X86AmxGemm(DType.FLOAT16),
          new X86Gemm(Isa.AVX512_BF16),
          new X86Gemm(Isa.AVX512),
          new X86Gemm(Isa.AVX2),
          new X86Int8Gemm(Isa.AVX512_VNNI),
          new X86Int8Gemm(Isa.AVX_VNNI),
          new X86Int8Gemm(Isa.AVX2),
          new ArmGemm(),
          ArmTileGemm.ofBfloats(),
          ArmTileGemm.ofFloats(),
          ArmTileGemm.ofBytes(Isa.NEON_I8MM),
          ArmTileGemm.ofBytes(Isa.NEON_DOTPROD),
          ArmTileGemm.ofBytes(Isa.NEON),
          new VectorGemm(),
          new VectorInt8Gemm(),
          new RowQuantizedGemm(),
          new WidenedProduct(KernelFamily.GEMM),
          new SeparateEpilogue(KernelFamily.GEMM),
          new RefGemm(),
          // batched gemm
          new X86BatchGemm(Isa.AVX512),
          new X86BatchGemm(Isa.AVX2),
          new GemmByGemm(),
          new RefBatchGemm(),
          // gemm with weights in blocks
          new X86BlockGemm(Isa.AVX512),
          new X86BlockGemm(Isa.AVX2),
          new ArmBlockGemm(),
          new DequantizedGemm(),
          new RefBlockGemm(),
          // convolution
          new X86AmxConv(),
          X86WinogradConv.ofFloats(Isa.AVX512),
          X86NhwcConv.ofFloats(Isa.AVX512),
          X86WinogradConv.ofFloats(Isa.AVX2),
          X86NhwcConv.ofFloats(Isa.AVX2),
          X86WinogradConv.ofBytes(Isa.AVX512_VNNI),
          X86NhwcConv.ofBytes(Isa.AVX512_VNNI),
          X86WinogradConv.ofBytes(Isa.AVX_VNNI),
          X86NhwcConv.ofBytes(Isa.AVX_VNNI),
          X86WinogradConv.ofBytes(Isa.AVX2),
          X86NhwcConv.ofBytes(Isa.AVX2),
          new X86Conv(Isa.AVX512),
          new X86Conv(Isa.AVX2),
          new X86Int8Conv(Isa.AVX512_VNNI),
          new X86Int8Conv(Isa.AVX_VNNI),
          new X86Int8Conv(Isa.AVX2),
          new ArmConv(),
          ArmNhwcConv.ofFloats(),
          ArmNhwcConv.ofBytes(Isa.NEON_I8MM),
          ArmNhwcConv.ofBytes(Isa.NEON_DOTPROD),
          ArmNhwcConv.ofBytes(Isa.NEON),
          new VectorConv(),
          new VectorInt8Conv(),
          VectorNhwcConv.ofFloats(),
          VectorNhwcConv.ofBytes(),
          new WidenedProduct(KernelFamily.CONV),
          new SeparateEpilogue(KernelFamily.CONV),
          new RefConv(),
          // memory-bound families
          new X86Unary(Isa.AVX512),
          new X86Unary(Isa.AVX2),
          new VectorUnary(),
          new RefUnary(),
          new X86Binary(Isa.AVX512),
          new X86Binary(Isa.AVX2),
          new VectorBinary(),
          new VectorIntegerBinary(),
          new RefBinary(),
          new X86QuantizedBinary(Isa.AVX512),
          new X86QuantizedBinary(Isa.AVX2),
          new VectorQuantizedBinary(),
          new RefQuantizedBinary(),
          new X86Softmax(Isa.AVX512),
          new X86Softmax(Isa.AVX2),
          new VectorSoftmax(),
          new RefSoftmax(),
          new X86Norm(Isa.AVX512),
          new X86Norm(Isa.AVX2),
          new VectorNorm(),
          new RefNorm(),
          new X86Pool(Isa.AVX512),
          new X86Pool(Isa.AVX2),
          new VectorPool(),
          new RefPool(),
          new X86Convert(Isa.AVX512),
          new X86Convert(Isa.AVX2),
          new VectorConvert(),
          new RefConvert(),
          new X86Lookup(Isa.AVX512),
          new X86Lookup(Isa.AVX2),
          new VectorLookup(),
          new RefLookup(),
          new X86Reduce(Isa.AVX512),
          new X86Reduce(Isa.AVX2),
          new VectorReduce(),
          new RefReduce(),
          new X86Copy(Isa.AVX512),
          new X86Copy(Isa.AVX2),
          new VectorCopy(),
          new RefCopy(),
          new VectorGather(),
          new RefGather(),
          new X86Cell(Isa.AVX512),
          new X86Cell(Isa.AVX2),
          new VectorCell(),
          new RefCell());

  private static final Map<KernelFamily, List<Kernel>> BY_FAMILY =
      new EnumMap<>(KernelFamily.class);

  static {
    for (Kernel kernel : KERNELS) {
      BY_FAMILY.computeIfAbsent(kernel.spec().family(), _ -> new ArrayList<>()).add(kernel);
    }
    BY_FAMILY.replaceAll((_, kernels) -> List.copyOf(kernels));
  }

  private KernelCatalog() {}

  /** A kernel that does not take a problem, and why. */
  public record Refusal(KernelSpec kernel, String reason) {}

  /** The first kernel that takes a problem, and why those before it do not. */
  public record Selection(Kernel kernel, List<Refusal> refusals) {}

  /** All kernels, those of a family in the order in which they are tried. */
  public static List<Kernel> all() {
    return KERNELS;
  }

  /** The kernels of {@code family} in the order in which they are tried. */
  public static List<Kernel> of(KernelFamily family) {
    return BY_FAMILY.getOrDefault(family, List.of());
  }

  /**
   * Chooses a kernel.
   *
   * @throws NoKernelException if no kernel takes the problem, with all reasons
   */
  public static Selection select(Problem problem, CpuFeatures cpu) {
    List<Refusal> refusals = new ArrayList<>();
    for (Kernel kernel : of(problem.family())) {
      Acceptance acceptance = cpu.supports(kernel.spec().isa()).and(kernel.accepts(problem, cpu));
      if (acceptance.accepted()) {
        return new Selection(kernel, List.copyOf(refusals));
      }
      refusals.add(new Refusal(kernel.spec(), acceptance.refusal().orElseThrow()));
    }
    throw new NoKernelException(problem, refusals);
  }

  /**
   * Chooses a kernel for this machine and prepares it.
   *
   * @throws IllegalArgumentException if no kernel takes the problem, or the weights do not fit it
   */
  public static PreparedKernel prepare(Problem problem, Weights weights) {
    return prepare(problem, weights, CpuFeatures.host());
  }

  /** As {@link #prepare(Problem, Weights)}, for the given features. */
  public static PreparedKernel prepare(Problem problem, Weights weights, CpuFeatures cpu) {
    Kernel kernel = choose(problem, cpu);
    requireWeights(problem, weights);
    return kernel.prepare(problem, weights);
  }

  /**
   * The kernel that {@link #select} gives for this machine, without the reasons, which take time to
   * write.
   *
   * @throws NoKernelException if no kernel takes the problem, with all reasons
   */
  public static Kernel choose(Problem problem) {
    return choose(problem, CpuFeatures.host());
  }

  private static Kernel choose(Problem problem, CpuFeatures cpu) {
    Kernel first = first(problem, cpu);
    return first == null ? select(problem, cpu).kernel() : first;
  }

  /** Whether a kernel other than the reference takes the problem, of which others are made. */
  public static Acceptance takesBeforeReference(Problem problem, CpuFeatures cpu) {
    Kernel first = first(problem, cpu);
    return Acceptance.when(
        first != null && first.spec().isa() != Isa.REF,
        "there is no kernel but the reference for its steps");
  }

  /** Whether this machine has a kernel of a higher rung for a problem. */
  public static boolean takesAbove(Isa isa, Problem problem) {
    CpuFeatures cpu = CpuFeatures.host();
    for (Kernel kernel : OnHost.KERNELS.getOrDefault(problem.family(), List.of())) {
      if (kernel.spec().isa().compareTo(isa) > 0 && kernel.accepts(problem, cpu).accepted()) {
        return true;
      }
    }
    return false;
  }

  private static @Nullable Kernel first(Problem problem, CpuFeatures cpu) {
    boolean host = cpu == CpuFeatures.host();
    List<Kernel> candidates =
        host ? OnHost.KERNELS.getOrDefault(problem.family(), List.of()) : of(problem.family());
    for (Kernel kernel : candidates) {
      if ((host || cpu.supports(kernel.spec().isa()).accepted())
          && kernel.accepts(problem, cpu).accepted()) {
        return kernel;
      }
    }
    return null;
  }

  /** The kernels for which this machine has the instructions. */
  private static final class OnHost {
    static final Map<KernelFamily, List<Kernel>> KERNELS = new EnumMap<>(KernelFamily.class);

    static {
      for (Kernel kernel : KernelCatalog.KERNELS) {
        if (CpuFeatures.host().supports(kernel.spec().isa()).accepted()) {
          KERNELS.computeIfAbsent(kernel.spec().family(), _ -> new ArrayList<>()).add(kernel);
        }
      }
    }
  }

  private static void requireWeights(Problem problem, Weights weights) {
    requireSegment("weights", weights.data(), problem.secondBytes());
    weights.quantization().requireChannels(problem.outputChannels());
    if (problem.biasBytes() > 0) {
      if (weights.bias() == null) {
        throw new IllegalArgumentException("the problem adds a bias but none is given");
      }
      requireSegment("bias", weights.bias(), problem.biasBytes());
    }
  }

  private static void requireSegment(String name, @Nullable MemorySegment segment, long bytes) {
    if (segment != null && segment.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "%s must be %d bytes, not %d".formatted(name, bytes, segment.byteSize()));
    }
  }
}
