package io.compresso.kernel.jit.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.TilePermission;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.TileRoutines.Product;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The emulated instructions against Intel's manual, written down in Java. */
class EmulatedTilesTest {
  private static final int CASES = 100;
  private static final int REGION = 1 << 12;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  @BeforeEach
  void needsAvx512() {
    AmxKernels.assumeEmulation();
    TileFile.takeFault();
  }

  /**
   * A product of tiles, with its operands.
   *
   * @param rows of the target
   * @param units of 4 bytes in a row of the left tile
   * @param columns of 4 bytes of the target
   */
  private record Trial(Product product, int rows, int units, int columns, byte[] operands) {
    static final int LEFT = REGION;
    static final int RIGHT = 2 * REGION;
    static final int STRIDE = 72;

    static Trial random(Product product, Random random) {
      byte[] operands = new byte[3 * REGION];
      random.nextBytes(operands);
      if (product == Product.TDPBF16PS) {
        for (int i = 1; i < operands.length; i += 2) {
          // Exponents around 0 and near the least ones, whose products are subnormal.
          int exponent = random.nextInt(8) == 0 ? random.nextInt(3) : 60 + random.nextInt(10);
          operands[i] = (byte) (random.nextInt(2) << 7 | exponent);
        }
      }
      return new Trial(
          product,
          1 + random.nextInt(16),
          1 + random.nextInt(16),
          1 + random.nextInt(16),
          operands);
    }

    byte[] configuration() {
      byte[] fields = new byte[64];
      fields[0] = 1;
      shape(fields, Tile.TMM2, rows, 4 * columns);
      shape(fields, Tile.TMM5, rows, 4 * units);
      shape(fields, Tile.TMM7, units, 4 * columns);
      return fields;
    }

    void emit(Assembler a) {
      a.ldtilecfg(Mem.at(Gpr.RSI));
      a.mov(Gpr.RAX, STRIDE);
      a.tileloadd(Tile.TMM2, Mem.at(Gpr.RDI, Gpr.RAX, 1, 0));
      a.tileloadd(Tile.TMM5, Mem.at(Gpr.RDI, Gpr.RAX, 1, LEFT));
      a.tileloadd(Tile.TMM7, Mem.at(Gpr.RDI, Gpr.RAX, 1, RIGHT));
      switch (product) {
        case TDPBUSD -> a.tdpbusd(Tile.TMM2, Tile.TMM5, Tile.TMM7);
        case TDPBSSD -> a.tdpbssd(Tile.TMM2, Tile.TMM5, Tile.TMM7);
        case TDPBSUD -> a.tdpbsud(Tile.TMM2, Tile.TMM5, Tile.TMM7);
        case TDPBUUD -> a.tdpbuud(Tile.TMM2, Tile.TMM5, Tile.TMM7);
        case TDPBF16PS -> a.tdpbf16ps(Tile.TMM2, Tile.TMM5, Tile.TMM7);
      }
      a.tilestored(Mem.at(Gpr.RDI, Gpr.RAX, 1, 0), Tile.TMM2);
      a.tilerelease();
    }

    /** The operands after the product, whose target is stored where it came from. */
    byte[] expected() {
      byte[] result = operands.clone();
      MemorySegment memory = MemorySegment.ofArray(result);
      for (int m = 0; m < rows; m++) {
        for (int n = 0; n < columns; n++) {
          long at = (long) m * STRIDE + 4L * n;
          int sum = memory.get(ValueLayout.JAVA_INT_UNALIGNED, at);
          sum =
              product == Product.TDPBF16PS
                  ? Float.floatToRawIntBits(floats(Float.intBitsToFloat(sum), m, n))
                  : sum + integers(m, n);
          memory.set(ValueLayout.JAVA_INT_UNALIGNED, at, sum);
        }
      }
      return result;
    }

    private int integers(int m, int n) {
      boolean leftSigned = product == Product.TDPBSSD || product == Product.TDPBSUD;
      boolean rightSigned = product == Product.TDPBSSD || product == Product.TDPBUSD;
      int sum = 0;
      for (int k = 0; k < 4 * units; k++) {
        byte left = operands[LEFT + m * STRIDE + k];
        byte right = operands[RIGHT + k / 4 * STRIDE + 4 * n + k % 4];
        sum +=
            (leftSigned ? left : Byte.toUnsignedInt(left))
                * (rightSigned ? right : Byte.toUnsignedInt(right));
      }
      return sum;
    }

    private float floats(float start, int m, int n) {
      float[] sums = new float[2];
      for (int k = 0; k < 2 * units; k++) {
        float left = bfloat16(LEFT + m * STRIDE + 2 * k);
        float right = bfloat16(RIGHT + k / 2 * STRIDE + 4 * n + 2 * (k % 2));
        sums[k % 2] = flushed(Math.fma(left, right, sums[k % 2]));
      }
      return flushed(flushed(start) + flushed(sums[0] + sums[1]));
    }

    private float bfloat16(int at) {
      int bits = operands[at + 1] << 24 | (operands[at] & 0xFF) << 16;
      return flushed(Float.intBitsToFloat(bits));
    }

    private static float flushed(float value) {
      return Math.abs(value) < Float.MIN_NORMAL ? Math.copySign(0, value) : value;
    }
  }

  @ParameterizedTest
  @EnumSource
  void product_isThatOfTheManual(Product product) {
    for (int seed = 0; seed < CASES; seed++) {
      Trial trial = Trial.random(product, new Random(seed));
      assertThat(run(new EmulatedTiles(), trial)).as("seed %d", seed).isEqualTo(trial.expected());
      assertThat(TileFile.takeFault()).isEmpty();
      if (product != Product.TDPBF16PS && hasTiles()) {
        assertThat(run(new HostAssembler(), trial)).as("seed %d", seed).isEqualTo(trial.expected());
      }
    }
  }

  private static boolean hasTiles() {
    CpuFeatures cpu = CpuFeatures.host().withoutCap();
    return cpu.supports(Isa.AMX).accepted() && TilePermission.granted().accepted();
  }

  private static byte[] run(HostAssembler a, Trial trial) {
    MemorySegment memory = MemorySegment.ofArray(trial.operands().clone());
    execute(a, trial::emit, memory, trial.configuration());
    return memory.toArray(BYTE);
  }

  /** Runs code with {@code rdi} at a copy of the memory, {@code rsi} at the configuration. */
  private static void execute(
      HostAssembler a, Consumer<HostAssembler> body, MemorySegment memory, byte[] configuration) {
    body.accept(a);
    a.vzeroupper();
    a.ret();
    try (Arena arena = Arena.ofConfined();
        ExecutableMemory code = ExecutableMemory.of(a.toBytes())) {
      MemorySegment operands = arena.allocate(memory.byteSize(), 64).copyFrom(memory);
      MemorySegment fields = arena.allocate(64, 64).copyFrom(MemorySegment.ofArray(configuration));
      NativeCall.block(
          code.entry(), operands, fields, operands, operands, 0, 0, MemorySegment.NULL);
      memory.copyFrom(operands);
    }
  }

  private static void shape(byte[] fields, Tile tile, int rows, int rowBytes) {
    fields[16 + 2 * tile.ordinal()] = (byte) rowBytes;
    fields[17 + 2 * tile.ordinal()] = (byte) (rowBytes >> 8);
    fields[48 + tile.ordinal()] = (byte) rows;
  }

  @ParameterizedTest
  @CsvSource({
    "0, 2, the palette is neither 0 nor 1",
    "1, 1, the start row is not 0",
    "2, 1, a reserved byte is not 0",
    "15, 1, a reserved byte is not 0",
    "32, 64, a reserved byte is not 0",
    "47, 1, a reserved byte is not 0",
    "56, 1, a reserved byte is not 0",
    "63, 16, a reserved byte is not 0",
    "50, 17, a tile has more than 16 rows",
    "20, 65, a tile has rows of more than 64 bytes",
    "21, 1, a tile has rows of more than 64 bytes",
    "50, 0, 'a tile has rows and no bytes, or the other way round'",
    "16, 4, 'a tile has rows and no bytes, or the other way round'"
  })
  void ldtilecfg_isRefused_whenAByteIsWrong(int at, int value, String fault) {
    Trial trial = Trial.random(Product.TDPBUSD, new Random(1));
    byte[] fields = trial.configuration();
    fields[at] = (byte) value;
    MemorySegment memory = MemorySegment.ofArray(trial.operands().clone());
    execute(new EmulatedTiles(), trial::emit, memory, fields);
    assertThat(TileFile.takeFault()).isEqualTo("ldtilecfg: " + fault);
  }

  @ParameterizedTest
  @CsvSource({
    "TMM2, 4, 20, the target has other rows than the left tile",
    "TMM2, 5, 24, the target has other columns than the right tile",
    "TMM5, 5, 16, the left tile has other columns than the right one has rows",
    "TMM5, 5, 13, a row is not whole units of 4 bytes",
    "TMM5, 0, 0, a tile is not configured"
  })
  void product_isRefused_whenShapesDoNotMatch(Tile tile, int rows, int rowBytes, String fault) {
    byte[] fields = new Trial(Product.TDPBF16PS, 5, 3, 5, new byte[0]).configuration();
    shape(fields, tile, rows, rowBytes);
    execute(
        new EmulatedTiles(),
        a -> {
          a.ldtilecfg(Mem.at(Gpr.RSI));
          a.tdpbf16ps(Tile.TMM2, Tile.TMM5, Tile.TMM7);
          a.tilerelease();
        },
        MemorySegment.ofArray(new byte[64]),
        fields);
    assertThat(TileFile.takeFault()).isEqualTo("TDPBF16PS TMM2, TMM5, TMM7: " + fault);
  }

  @Test
  void product_isRefused_whenATileIsGivenTwice() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new EmulatedTiles().tdpbusd(Tile.TMM1, Tile.TMM1, Tile.TMM2));
  }

  @Test
  void tilezero_isRefused_beforeAConfigurationAndAfterItsRelease() {
    byte[] fields = new Trial(Product.TDPBUSD, 1, 1, 1, new byte[0]).configuration();
    MemorySegment memory = MemorySegment.ofArray(new byte[64]);
    execute(new EmulatedTiles(), a -> a.tilezero(Tile.TMM2), memory, fields);
    assertThat(TileFile.takeFault()).isEqualTo("tilezero TMM2: tiles are not configured");
    execute(
        new EmulatedTiles(),
        a -> {
          a.ldtilecfg(Mem.at(Gpr.RSI));
          a.tilerelease();
          a.tilezero(Tile.TMM2);
        },
        memory,
        fields);
    assertThat(TileFile.takeFault()).isEqualTo("tilezero TMM2: tiles are not configured");
  }

  @Test
  void return_isRefused_whileTilesAreConfigured() {
    byte[] fields = new Trial(Product.TDPBUSD, 1, 1, 1, new byte[0]).configuration();
    MemorySegment memory = MemorySegment.ofArray(new byte[64]);
    execute(new EmulatedTiles(), a -> a.ldtilecfg(Mem.at(Gpr.RSI)), memory, fields);
    assertThat(TileFile.takeFault()).isEqualTo("ret: tiles are configured when the code returns");
    execute(new EmulatedTiles(), _ -> {}, memory, fields);
    assertThat(TileFile.takeFault()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void instructions_changeNothingElse(Product product) {
    Trial trial = Trial.random(product, new Random(7));
    int registers = 32 * 64;
    int general = registers + 16 * 8;
    byte[] before = new byte[general + 17 * 8];
    new Random(8).nextBytes(before);
    MemorySegment memory = MemorySegment.ofArray(new byte[3 * REGION + before.length]);
    memory.copyFrom(MemorySegment.ofArray(trial.operands()));
    MemorySegment state = memory.asSlice(3 * REGION);
    state.copyFrom(MemorySegment.ofArray(before));
    List<Gpr> kept = new ArrayList<>(List.of(Gpr.values()));
    kept.removeAll(List.of(Gpr.RSP, Gpr.RDI, Gpr.RSI, Gpr.RAX));
    long at = 3L * REGION;
    long red = at + general;
    List<Gpr> callees = List.of(Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15);
    execute(
        new EmulatedTiles(),
        a -> {
          callees.forEach(a::push);
          for (int i = 0; i < 32; i++) {
            a.vmovups(Vec.zmm(i), Mem.at(Gpr.RDI, at + 64L * i));
          }
          a.kmovq(Mask.K7, Mem.at(Gpr.RDI, red));
          for (Gpr register : kept) {
            a.mov(register, Mem.at(Gpr.RDI, at + registers + 8L * register.ordinal()));
          }
          for (int i = 1; i <= 16; i++) {
            a.mov(Gpr.RAX, Mem.at(Gpr.RDI, red + 8 * i));
            a.mov(Mem.at(Gpr.RSP, -8 * i), Gpr.RAX);
          }
          a.mov(Gpr.RAX, 16);
          a.cmp(Gpr.RAX, 16);
          trial.emit(a);
          Label equal = new Label();
          a.jump(Condition.EQUAL, equal);
          a.mov(Mem.at(Gpr.RSP, -8), Gpr.RAX);
          a.bind(equal);
          for (int i = 1; i <= 16; i++) {
            a.mov(Gpr.RAX, Mem.at(Gpr.RSP, -8 * i));
            a.mov(Mem.at(Gpr.RDI, red + 8 * i), Gpr.RAX);
          }
          for (int i = 0; i < 32; i++) {
            a.vmovups(Mem.at(Gpr.RDI, at + 64L * i), Vec.zmm(i));
          }
          for (Gpr register : kept) {
            a.mov(Mem.at(Gpr.RDI, at + registers + 8L * register.ordinal()), register);
          }
          a.kmovq(Gpr.RAX, Mask.K7);
          a.mov(Mem.at(Gpr.RDI, red), Gpr.RAX);
          callees.reversed().forEach(a::pop);
        },
        memory,
        trial.configuration());
    assertThat(TileFile.takeFault()).isEmpty();
    assertThat(state.toArray(BYTE)).isEqualTo(before);
    assertThat(memory.asSlice(0, 3 * REGION).toArray(BYTE)).isEqualTo(trial.expected());
  }
}
