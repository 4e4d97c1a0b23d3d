package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.Split;
import io.compresso.kernel.nhwc.WinogradBackend.ProductShape;

/**
 * Generates {@code void f(input, filters, sums, -, -, -, -)}, which multiplies transformed tiles by
 * a panel of transformed filters, position by position. The sums of some tiles are kept in
 * registers.
 */
record WinogradProductCode(VectorSet set, Arithmetic arithmetic, ProductShape shape) {
  private static final Gpr INPUT = Gpr.RDI;
  private static final Gpr FILTERS = Gpr.RSI;
  private static final Gpr SUMS = Gpr.RDX;
  private static final Gpr POSITION = Gpr.RCX;
  private static final Gpr TILE = Gpr.R8;
  private static final Gpr RESULT = Gpr.R9;
  private static final Gpr STEP = Gpr.RAX;
  private static final Gpr FILTER = Gpr.R10;
  private static final Gpr STEPS = Gpr.R11;
  private static final Gpr COUNT = Gpr.RBX;

  private static final int UNROLL = 4;
  private static final int LINE = 64;

  /** A float or two words of the input. */
  private static final int STEP_BYTES = 4;

  /** Tiles whose sums are kept with panels of so many vectors. */
  static int mostTiles(VectorSet set, int vectors) {
    return Math.min(16, (registers(set) - vectors - 2) / vectors);
  }

  private static int registers(VectorSet set) {
    return set == VectorSet.AVX512 ? 32 : 16;
  }

  byte[] generate() {
    ElementAssembler a = new ElementAssembler();
    a.push(COUNT);
    a.mov(POSITION, shape.positions());
    Label position = a.here();
    a.mov(TILE, INPUT);
    a.mov(RESULT, SUMS);
    Split tiles = shape.tiles();
    tiles(a, tiles.large(), tiles.largeCount());
    tiles(a, tiles.small(), tiles.smallCount());
    a.add(INPUT, shape.inputs().position());
    a.add(SUMS, shape.sums().position());
    a.add(FILTERS, shape.steps() * stepBytes());
    a.dec(POSITION);
    a.jump(Condition.NOT_EQUAL, position);
    a.vzeroupper();
    a.pop(COUNT);
    a.ret();
    return a.toBytes();
  }

  private long stepBytes() {
    return (long) shape.vectors() * set.length().bytes();
  }

  private Vec sum(int tile, int vector) {
    return set.register(tile * shape.vectors() + vector);
  }

  private void tiles(ElementAssembler a, int size, int count) {
    if (size == 0 || count == 0) {
      return;
    }
    a.mov(COUNT, count);
    Label next = a.here();
    a.mov(STEP, TILE);
    a.mov(FILTER, FILTERS);
    steps(a, size);
    for (int tile = 0; tile < size; tile++) {
      for (int j = 0; j < shape.vectors(); j++) {
        long at = tile * shape.sums().tile() + (long) j * set.length().bytes();
        a.vmovups(Mem.at(RESULT, at), sum(tile, j));
      }
    }
    a.add(TILE, size * shape.inputs().tile());
    a.add(RESULT, size * shape.sums().tile());
    a.dec(COUNT);
    a.jump(Condition.NOT_EQUAL, next);
  }

  private void steps(ElementAssembler a, int size) {
    step(a, size, 0, true);
    int rest = shape.steps() - 1;
    int rounds = rest / UNROLL;
    if (rounds > 0) {
      a.mov(STEPS, rounds);
      Label round = a.here();
      for (int i = 0; i < UNROLL; i++) {
        step(a, size, 1 + i, false);
      }
      a.add(STEP, (long) UNROLL * STEP_BYTES);
      a.add(FILTER, UNROLL * stepBytes());
      a.dec(STEPS);
      a.jump(Condition.NOT_EQUAL, round);
    }
    for (int i = 0; i < rest % UNROLL; i++) {
      step(a, size, 1 + i, false);
    }
  }

  private void step(ElementAssembler a, int size, int step, boolean first) {
    int vectors = shape.vectors();
    int filter = size * vectors;
    int value = filter + vectors;
    int values = set == VectorSet.AVX512 ? 2 : 1;
    for (int j = 0; j < vectors; j++) {
      long at = step * stepBytes() + (long) j * set.length().bytes();
      a.vmovups(set.register(filter + j), Mem.at(FILTER, at));
      if ((long) j * set.length().bytes() % LINE == 0) {
        a.prefetcht0(Mem.at(FILTER, at + TileCode.FILTERS_AHEAD));
      }
    }
    for (int tile = 0; tile < size; tile++) {
      Mem source = Mem.at(STEP, tile * shape.inputs().tile() + (long) step * STEP_BYTES);
      if (vectors == 1 && set == VectorSet.AVX512 && !first && !arithmetic.isInteger()) {
        a.vfmadd231ps(sum(tile, 0), set.register(filter), source, Modifiers.BROADCAST);
        continue;
      }
      Vec broadcast = set.register(value + tile % values);
      a.vbroadcastss(broadcast, source);
      for (int j = 0; j < vectors; j++) {
        multiply(a, sum(tile, j), set.register(filter + j), broadcast, first);
      }
    }
  }

  private void multiply(ElementAssembler a, Vec sum, Vec filter, Vec value, boolean first) {
    if (!arithmetic.isInteger()) {
      if (first) {
        a.vmulps(sum, filter, value);
      } else {
        a.vfmadd231ps(sum, filter, value);
      }
    } else if (first) {
      a.vpmaddwd(sum, filter, value);
    } else if (set == VectorSet.AVX512) {
      a.vpdpwssd(sum, filter, value);
    } else if (set == VectorSet.AVX_VNNI) {
      a.vpdpwssdVex(sum, filter, value);
    } else {
      Vec product = set.register(registers(set) - 1);
      a.vpmaddwd(product, filter, value);
      a.vpaddd(sum, sum, product);
    }
  }
}
