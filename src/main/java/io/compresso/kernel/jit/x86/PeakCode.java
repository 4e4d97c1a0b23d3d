package io.compresso.kernel.jit.x86;

import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.List;

/**
 * Generates loops that do nothing but multiply and add registers, or read memory: what a core can
 * do at most. {@code void f(source, -, -, -, rounds, -, -)}.
 *
 * @param set the registers
 * @param work what is repeated
 */
public record PeakCode(VectorSet set, Work work) {
  private static final int READ_VECTORS = 8;
  private static final int TILE_SUMS = 4;

  /** What the loop does. */
  enum Work {
    /** Multiply-adds of single precision. */
    FLOATS(1),
    /** Sums of four products of bytes. */
    BYTES(4),
    /** The same by widening to 16 bits, where there is no instruction for bytes. */
    WIDENED_BYTES(2),
    /** Sums of two products of bfloat16. */
    BFLOATS(2),
    /** Products of tiles of bytes. */
    TILES_OF_BYTES(4 * AmxCode.TILE_UNITS),
    /** Products of tiles of bfloat16. */
    TILES_OF_BFLOATS(2 * AmxCode.TILE_UNITS),
    /** Loads. */
    READ(0);

    private final int depth;

    Work(int depth) {
      this.depth = depth;
    }

    private boolean isOfTiles() {
      return this == TILES_OF_BYTES || this == TILES_OF_BFLOATS;
    }
  }

  /** The loop of the best instruction that {@code cpu} has for factors of a type. */
  public static PeakCode arithmetic(DType factors, CpuFeatures cpu) {
    boolean bytes = factors.bits() == 8;
    if ((bytes || factors == DType.BFLOAT16) && TileSupport.accepts(cpu).accepted()) {
      return ofTiles(factors);
    }
    for (Isa isa : List.of(Isa.AVX512_BF16, Isa.AVX512_VNNI, Isa.AVX512, Isa.AVX_VNNI)) {
      if (cpu.supports(isa).accepted()) {
        boolean vnni = isa != Isa.AVX512;
        Work work =
            bytes
                ? vnni ? Work.BYTES : Work.WIDENED_BYTES
                : factors == DType.BFLOAT16 && isa == Isa.AVX512_BF16 ? Work.BFLOATS : Work.FLOATS;
        return new PeakCode(VectorSet.of(isa), work);
      }
    }
    return new PeakCode(VectorSet.AVX2, bytes ? Work.WIDENED_BYTES : Work.FLOATS);
  }

  /** The loop of AMX, for bytes or bfloat16. */
  static PeakCode ofTiles(DType factors) {
    Work work = factors == DType.BFLOAT16 ? Work.TILES_OF_BFLOATS : Work.TILES_OF_BYTES;
    return new PeakCode(VectorSet.AVX512, work);
  }

  /** The loop that reads memory with the longest registers that {@code cpu} has. */
  public static PeakCode reading(CpuFeatures cpu) {
    boolean wide = cpu.supports(Isa.AVX512).accepted();
    return new PeakCode(wide ? VectorSet.AVX512 : VectorSet.AVX2, Work.READ);
  }

  /** Multiply-adds of one round. */
  public long macsPerRound() {
    if (work.isOfTiles()) {
      return (long) TILE_SUMS * AmxCode.TILE_ROWS * AmxCode.TILE_UNITS * work.depth;
    }
    return (long) accumulators() * set.lanes() * work.depth;
  }

  /** Bytes that one round reads. */
  public int bytesPerRound() {
    return READ_VECTORS * set.length().bytes();
  }

  /**
   * Runs the loop.
   *
   * @param source what is read, at least {@code rounds * bytesPerRound()} bytes; else unused
   * @param rounds at least 1
   */
  public void run(MemorySegment source, long rounds) {
    try (CodeCache.Lease code = CodeCache.lease(this, () -> generate(new Assembler()))) {
      MemorySegment none = MemorySegment.NULL;
      NativeCall.block(code.entry(), source, none, none, none, rounds, 0, none);
    }
  }

  private int accumulators() {
    return set == VectorSet.AVX512 ? 28 : 12;
  }

  byte[] generate(Assembler a) {
    int sums = accumulators();
    Vec left = set.register(sums);
    Vec right = set.register(sums + 1);
    for (int i = 0; i < sums + 2; i++) {
      a.vxorps(set.register(i), set.register(i), set.register(i));
    }
    if (work.isOfTiles()) {
      List<Integer> whole = Collections.nCopies(Tile.values().length, AmxCode.TILE_ROWS);
      List<Integer> rowBytes = Collections.nCopies(whole.size(), 4 * AmxCode.TILE_UNITS);
      a.configureTiles(new TileConfiguration(whole, rowBytes), Gpr.RAX);
    }
    Label loop = a.here();
    if (work == Work.READ) {
      for (int i = 0; i < READ_VECTORS; i++) {
        a.vmovups(set.register(i), Mem.at(Gpr.RDI, (long) i * set.length().bytes()));
      }
      a.add(Gpr.RDI, bytesPerRound());
    } else if (work.isOfTiles()) {
      for (int i = 0; i < TILE_SUMS; i++) {
        multiplyTiles(a, i);
      }
    } else {
      for (int i = 0; i < sums; i++) {
        multiplyAdd(a, set.register(i), left, right);
      }
    }
    a.dec(Gpr.R8);
    a.jump(Condition.NOT_EQUAL, loop);
    if (work.isOfTiles()) {
      a.tilerelease();
    }
    a.vzeroupper();
    a.ret();
    return a.toBytes();
  }

  private void multiplyTiles(Assembler a, int sum) {
    Tile target = Tile.values()[sum];
    Tile left = Tile.values()[4 + sum / 2];
    Tile right = Tile.values()[6 + sum % 2];
    if (work == Work.TILES_OF_BFLOATS) {
      a.tdpbf16ps(target, left, right);
    } else {
      a.tdpbusd(target, left, right);
    }
  }

  private void multiplyAdd(Assembler a, Vec sum, Vec left, Vec right) {
    switch (work) {
      case FLOATS -> a.vfmadd231ps(sum, left, right);
      case BFLOATS -> a.vdpbf16ps(sum, left, right);
      case BYTES -> {
        if (set == VectorSet.AVX_VNNI) {
          a.vpdpbusdVex(sum, left, right);
        } else {
          a.vpdpbusd(sum, left, right);
        }
      }
      case WIDENED_BYTES -> {
        Vec product = set.register(accumulators() + 2);
        a.vpmaddwd(product, left, right);
        a.vpaddd(sum, sum, product);
      }
      case TILES_OF_BYTES, TILES_OF_BFLOATS, READ ->
          throw new IllegalStateException(work + " adds no vectors");
    }
  }
}
