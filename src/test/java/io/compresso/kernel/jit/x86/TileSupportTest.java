package io.compresso.kernel.jit.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.Isa;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.TilePermission;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TileSupportTest {
  /** What Sapphire Rapids states. */
  private static final Cpuid PALETTE = new Cpuid(0x04002000, 0x00080040, 0x10, 0);

  private static final Cpuid MULTIPLIER = new Cpuid(0, 0x4010, 0, 0);

  @Test
  void check_holds_inEmulatedTiles() {
    AmxKernels.assumeEmulation();
    assertThat(new TileCheck(EmulatedTiles::new).run()).isEqualTo(Acceptance.YES);
    assertThat(TileFile.takeFault()).isEmpty();
  }

  @Test
  void check_namesTheKernel_whoseTilesComputeSomethingElse() {
    AmxKernels.assumeEmulation();
    assertThat(new TileCheck(SignsLost::new).run().refusal().orElseThrow())
        .contains("the tiles of AMX compute other results than vectors")
        .contains("qx8-gemm-32x32c4-amx");
    assertThat(new TileCheck(ZeroLost::new).run().refusal().orElseThrow())
        .contains("qx8-gemm-32x32c4-amx");
    assertThat(new TileCheck(BfloatsLost::new).run().refusal().orElseThrow())
        .contains("bf16-gemm-32x32c2-amx");
    TileFile.takeFault();
  }

  private static final class SignsLost extends EmulatedTiles {
    @Override
    void tdpbssd(Tile target, Tile left, Tile right) {
      tdpbusd(target, left, right);
    }
  }

  private static final class ZeroLost extends EmulatedTiles {
    @Override
    void tilezero(Tile target) {
      if (target != Tile.TMM3) {
        super.tilezero(target);
      }
    }
  }

  private static final class BfloatsLost extends EmulatedTiles {
    @Override
    void tdpbf16ps(Tile target, Tile left, Tile right) {}
  }

  @ParameterizedTest
  @EnumSource(names = {"INT8", "BFLOAT16"})
  void peak_isMeasuredInTilesThatTheHardwareTakes(DType factors) {
    AmxKernels.assumeEmulation();
    MemorySegment none = MemorySegment.NULL;
    PeakCode code = PeakCode.ofTiles(factors);
    try (ExecutableMemory memory = ExecutableMemory.of(code.generate(new EmulatedTiles()))) {
      NativeCall.block(memory.entry(), none, none, none, none, 3, 0, none);
    }
    assertThat(TileFile.takeFault()).isEmpty();
    assertThat(code.macsPerRound()).isEqualTo(4L * 16 * 16 * (factors == DType.INT8 ? 64 : 32));
  }

  @Test
  void tiles_areUsed_whereTheCpuAndTheSystemHaveThem() {
    CpuFeatures cpu = CpuFeatures.host().withoutCap();
    assumeTrue(cpu.architecture().equals("x86"), "not an x86 CPU");
    Set<String> flags = new HashSet<>(Isa.AMX.flags());
    flags.addAll(cpu.flags());
    CpuFeatures stated = new CpuFeatures("x86", flags, Optional.empty());
    GemmProblem problem =
        GemmProblem.ofFloat(64, 64, 64)
            .withTypes(new OperandTypes(DType.UINT8, DType.INT8, DType.INT32));
    KernelCatalog.Selection selection = KernelCatalog.select(problem, stated);
    if (cpu.supports(Isa.AMX).accepted() && TilePermission.granted().accepted()) {
      assertThat(selection.kernel().spec().isa()).isEqualTo(Isa.AMX);
    } else {
      assertThat(selection.refusals().getFirst().kernel().isa()).isEqualTo(Isa.AMX);
      assertThat(selection.refusals().getFirst().reason())
          .containsAnyOf("the CPU lacks", "the system does not let");
    }
  }

  @Test
  void limits_areThoseOfTheManual() {
    TileLimits limits = TileLimits.of(PALETTE, MULTIPLIER);
    assertThat(limits).isEqualTo(new TileLimits(8, 16, 64, 16, 64));
    assertThat(limits.suffice()).isEqualTo(Acceptance.YES);
  }

  @Test
  void limits_doNotSuffice_whenTilesAreSmaller() {
    Cpuid lower = new Cpuid(0x04002000, 0x00080040, 0x8, 0);
    assertThat(TileLimits.of(lower, MULTIPLIER).suffice().refusal().orElseThrow())
        .contains("the CPU states smaller tiles")
        .contains("rows=8");
    assertThat(TileLimits.of(PALETTE, new Cpuid(0, 0, 0, 0)).suffice().accepted()).isFalse();
  }

  @Test
  void cpuid_namesTheVendor() throws Exception {
    Path info = Path.of("/proc/cpuinfo");
    assumeTrue(
        CpuFeatures.host().architecture().equals("x86") && Files.exists(info),
        "not an x86 CPU under Linux");
    Cpuid answer = Cpuid.of(0, 0);
    ByteBuffer vendor = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    vendor.putInt(answer.ebx()).putInt(answer.edx()).putInt(answer.ecx());
    String name = new String(vendor.array(), StandardCharsets.US_ASCII);
    assertThat(Files.readAllLines(info))
        .anyMatch(line -> line.startsWith("vendor_id") && line.endsWith(": " + name));
  }
}
