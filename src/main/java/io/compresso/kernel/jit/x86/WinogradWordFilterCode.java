package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import io.compresso.kernel.jit.x86.LinearCode.Elements;
import io.compresso.kernel.nhwc.LinearProgram;
import io.compresso.kernel.nhwc.WinogradTransform;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Generates {@code void f(filters, -, target, -, pairs, positionBytes, pairBytes)} for AVX-512,
 * which transforms filters {@code [pair][tap][16 lanes][2]} of 16-bit integers of two channels by
 * {@link WinogradTransform#exact}, at least of one pair.
 */
record WinogradWordFilterCode() {
  private static final int TAPS = WinogradTransform.TAPS;
  private static final int AREA = TAPS * TAPS;
  private static final int VECTOR_BYTES = 64;
  private static final Vec RESULT = Vec.zmm(30);
  private static final List<Vec> FREE = IntStream.range(AREA, 28).mapToObj(Vec::zmm).toList();

  private static final Gpr FILTERS = Gpr.RDI;
  private static final Gpr TARGET = Gpr.RDX;
  private static final Gpr PAIRS = Gpr.R8;
  private static final Gpr POSITION = Gpr.R9;
  private static final Gpr PAIR = Gpr.RAX;
  private static final Gpr TO = Gpr.R10;
  private static final Gpr FRAME = Gpr.RBP;

  byte[] generate() {
    ElementAssembler a = new ElementAssembler();
    LinearProgram program = LinearProgram.of(WinogradTransform.exact().filter());
    LinearCode code = LinearCode.ofIntegers(a, VectorSet.AVX512, Elements.WORDS);
    int size = program.outputs().size();
    a.mov(PAIR, Mem.at(Gpr.RSP, 8));
    a.push(FRAME);
    a.mov(FRAME, Gpr.RSP);
    a.and(Gpr.RSP, -VECTOR_BYTES);
    a.add(Gpr.RSP, -(long) (TAPS + size) * size * VECTOR_BYTES);
    Label pair = a.here();
    for (int tap = 0; tap < AREA; tap++) {
      a.vmovups(Vec.zmm(tap), Mem.at(FILTERS, (long) tap * VECTOR_BYTES));
    }
    for (int x = 0; x < TAPS; x++) {
      int column = x;
      code.emit(
          program,
          FREE,
          new LinearCode.Values() {
            @Override
            public void load(Vec target, int input) {
              a.vmovaps(target, Vec.zmm(input * TAPS + column));
            }

            @Override
            public void result(int output, Vec value) {
              a.vmovups(stack(size * size + output * TAPS + column), value);
            }
          });
    }
    for (int p = 0; p < size; p++) {
      int row = p;
      code.emit(
          program,
          FREE,
          new LinearCode.Values() {
            @Override
            public void load(Vec target, int input) {
              a.vmovups(target, stack(size * size + row * TAPS + input));
            }

            @Override
            public void result(int output, Vec value) {
              a.vmovups(stack(row * size + output), value);
            }
          });
    }
    a.mov(TO, TARGET);
    for (int position = 0; position < size * size; position++) {
      a.vmovups(RESULT, stack(position));
      a.vmovups(Mem.at(TO), RESULT);
      a.add(TO, POSITION);
    }
    a.add(FILTERS, (long) AREA * VECTOR_BYTES);
    a.add(TARGET, PAIR);
    a.dec(PAIRS);
    a.jump(Condition.NOT_EQUAL, pair);
    a.vzeroupper();
    a.mov(Gpr.RSP, FRAME);
    a.pop(FRAME);
    a.ret();
    return a.toBytes();
  }

  private static Mem stack(int vector) {
    return Mem.at(Gpr.RSP, (long) vector * VECTOR_BYTES);
  }
}
