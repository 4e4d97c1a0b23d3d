package io.compresso.kernel.jit.arm;

import static io.compresso.kernel.jit.arm.Reg.SP;
import static io.compresso.kernel.jit.arm.Reg.X0;
import static io.compresso.kernel.jit.arm.Reg.X17;
import static io.compresso.kernel.jit.arm.Reg.X2;
import static io.compresso.kernel.jit.arm.Reg.X20;
import static io.compresso.kernel.jit.arm.Reg.X29;
import static io.compresso.kernel.jit.arm.Reg.X3;
import static io.compresso.kernel.jit.arm.Reg.X30;
import static io.compresso.kernel.jit.arm.Reg.X9;
import static io.compresso.kernel.jit.arm.Vec.b;
import static io.compresso.kernel.jit.arm.Vec.b16;
import static io.compresso.kernel.jit.arm.Vec.b8;
import static io.compresso.kernel.jit.arm.Vec.d;
import static io.compresso.kernel.jit.arm.Vec.d2;
import static io.compresso.kernel.jit.arm.Vec.h;
import static io.compresso.kernel.jit.arm.Vec.h4;
import static io.compresso.kernel.jit.arm.Vec.h8;
import static io.compresso.kernel.jit.arm.Vec.q;
import static io.compresso.kernel.jit.arm.Vec.s;
import static io.compresso.kernel.jit.arm.Vec.s4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.GoldenCode;
import io.compresso.kernel.jit.arm.GeneralAssembler.Condition;
import java.io.IOException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Holds each instruction to the bytes of the GNU assembler for AArch64. {@code
 * -Dgolden.regenerate=true} writes the file anew; Debian has the tools in {@code
 * binutils-aarch64-linux-gnu}.
 */
class AssemblerGoldenTest {
  private static final GoldenCode GOLDEN =
      new GoldenCode(
          "/golden/arm-instructions.txt",
          "aarch64-linux-gnu-as",
          "aarch64-linux-gnu-objcopy",
          ".arch armv8.6-a+fp16+fp16fml+dotprod+i8mm+bf16");

  private final Map<String, Consumer<Assembler>> instructions = new LinkedHashMap<>();

  AssemblerGoldenTest() {
    control();
    arithmetic();
    memory();
    moves();
    floats();
    halves();
    integers();
    products();
  }

  private void put(String text, Consumer<Assembler> instruction) {
    instructions.put(text, instruction);
  }

  private void control() {
    for (Condition condition : Condition.values()) {
      String name = "b." + condition.name().toLowerCase(Locale.ROOT);
      put(name + " .", a -> a.b(condition, a.here()));
    }
    put("b .", a -> a.b(a.here()));
    put(
        "1: nop; b 1b",
        a -> {
          Label back = a.here();
          a.emit(0xD503201F);
          a.b(back);
        });
    put(
        "cbz x20, 1f; cbnz x3, 1f; 1:",
        a -> {
          Label ahead = new Label();
          a.cbz(X20, ahead);
          a.cbnz(X3, ahead);
          a.bind(ahead);
        });
    put("ret", Assembler::ret);
    put("mrs x3, ctr_el0", a -> a.mrsCtr(X3));
    put("dc cvau, x20", a -> a.dcCvau(X20));
    put("ic ivau, x3", a -> a.icIvau(X3));
    put("dsb ish", Assembler::dsbIsh);
    put("isb", Assembler::isb);
  }

  private void arithmetic() {
    put("mov x3, x20", a -> a.mov(X3, X20));
    put("movz x3, #0", a -> a.mov(X3, 0));
    put("movz x20, #0xffff", a -> a.mov(X20, 0xFFFF));
    put("movz x20, #1, lsl #48", a -> a.mov(X20, 1L << 48));
    put("movz x3, #0x5678; movk x3, #0x1234, lsl #16", a -> a.mov(X3, 0x12345678));
    put("movn x3, #0", a -> a.mov(X3, -1));
    put("movn x3, #0xfff", a -> a.mov(X3, -4096));
    put("movn x3, #0xffff; movk x3, #0xfffe, lsl #16", a -> a.mov(X3, -65536L - 65536));
    put(
        "movz x9, #0xdef0; movk x9, #0x9abc, lsl #16; "
            + "movk x9, #0x5678, lsl #32; movk x9, #0x1234, lsl #48",
        a -> a.mov(X9, 0x123456789abcdef0L));
    put("add x3, x20, x9", a -> a.add(X3, X20, X9));
    put("sub x3, x20, x9", a -> a.sub(X3, X20, X9));
    put("cmp x20, x9", a -> a.cmp(X20, X9));
    put("cmp x20, #4095", a -> a.cmp(X20, 4095));
    put("subs x3, x20, #1", a -> a.subs(X3, X20, 1));
    put("add x3, x20, #4095", a -> a.add(X3, X20, 4095, X9));
    put("sub sp, sp, #32", a -> a.add(SP, SP, -32, X9));
    put("add x3, x20, #5, lsl #12", a -> a.add(X3, X20, 5 << 12, X9));
    put("add x3, x20, #1; add x3, x3, #5, lsl #12", a -> a.add(X3, X20, (5 << 12) + 1, X9));
    put(
        "movz x9, #0x1234; movk x9, #0x7654, lsl #16; add x3, x20, x9",
        a -> a.add(X3, X20, 0x76541234L, X9));
    put("bic x3, x20, x9", a -> a.bic(X3, X20, X9));
    put("lsl x3, x20, x9", a -> a.lsl(X3, X20, X9));
    put("ubfx x3, x20, #16, #4", a -> a.ubfx(X3, X20, 16, 4));
  }

  private void memory() {
    put("ldr x3, [x20]", a -> a.ldr(X3, Mem.at(X20)));
    put("ldr x3, [sp, #32760]", a -> a.ldr(X3, Mem.at(SP, 32760)));
    put("str x30, [x20, #8]", a -> a.str(X30, Mem.at(X20, 8)));
    put("stp x29, x30, [sp, #-16]!", a -> a.push(X29, X30, 16));
    put("ldp x29, x30, [sp], #16", a -> a.pop(X29, X30, 16));
    put("ldr b3, [x20, #7]", a -> a.ldr(b(3), Mem.at(X20, 7)));
    put("ldr h3, [x20, #6]", a -> a.ldr(h(3), Mem.at(X20, 6)));
    put("ldr s31, [x20, #16380]", a -> a.ldr(s(31), Mem.at(X20, 16380)));
    put("ldr d3, [x20, #8]", a -> a.ldr(d(3), Mem.at(X20, 8)));
    put("ldr q17, [x20, #65520]", a -> a.ldr(q(17), Mem.at(X20, 65520)));
    put("ldur q3, [x20, #-256]", a -> a.ldr(q(3), Mem.at(X20, -256)));
    put("ldur s3, [x20, #255]", a -> a.ldr(s(3), Mem.at(X20, 255)));
    put("ldr q3, [x20, x9]", a -> a.ldr(q(3), Mem.at(X20, X9)));
    put("ldr s3, [x20, x9]", a -> a.ldr(s(3), Mem.at(X20, X9)));
    put("ldr d3, [x20, x9]", a -> a.ldr(d(3), Mem.at(X20, X9)));
    put("ldr q3, [x20], #16", a -> a.ldrPost(q(3), X20, 16));
    put("ldr s3, [x20], #-4", a -> a.ldrPost(s(3), X20, -4));
    put("str q3, [x20], #16", a -> a.strPost(q(3), X20, 16));
    put("str h3, [x20], #2", a -> a.strPost(h(3), X20, 2));
    put("str b3, [x20, #7]", a -> a.str(b(3), Mem.at(X20, 7)));
    put("str h3, [x20, #6]", a -> a.str(h(3), Mem.at(X20, 6)));
    put("str s3, [x20, #4]", a -> a.str(s(3), Mem.at(X20, 4)));
    put("str d3, [x20, #8]", a -> a.str(d(3), Mem.at(X20, 8)));
    put("str q17, [x20]", a -> a.str(q(17), Mem.at(X20)));
    put("stur q3, [x20, #-8]", a -> a.str(q(3), Mem.at(X20, -8)));
    put("str q3, [x20, x9]", a -> a.str(q(3), Mem.at(X20, X9)));
    put("ld1 {v3.b}[13], [x20]", a -> a.ld1(b16(3).at(13), X20));
    put("ld1 {v3.h}[5], [x20]", a -> a.ld1(h8(3).at(5), X20));
    put("ld1 {v3.s}[1], [x20]", a -> a.ld1(s4(3).at(1), X20));
    put("ld1 {v3.s}[2], [x20]", a -> a.ld1(s4(3).at(2), X20));
    put("ld1 {v3.d}[1], [x20]", a -> a.ld1(d2(3).at(1), X20));
    put("st1 {v3.b}[6], [x20]", a -> a.st1(b16(3).at(6), X20));
    put("st1 {v3.h}[6], [x20]", a -> a.st1(h8(3).at(6), X20));
    put("st1 {v3.s}[3], [x20]", a -> a.st1(s4(3).at(3), X20));
    put("st1 {v3.d}[1], [x20]", a -> a.st1(d2(3).at(1), X20));
    put("stp d8, d9, [sp, #-64]!", a -> a.push(d(8), d(9), 64));
    put("ldp d14, d15, [sp], #16", a -> a.pop(d(14), d(15), 16));
  }

  private void moves() {
    put("movi v3.2d, #0", a -> a.clear(d2(3)));
    put("mov v3.16b, v20.16b", a -> a.mov(b16(3), b16(20)));
    put("dup v3.4s, v20.s[3]", a -> a.dup(s4(3), s4(20).at(3)));
    put("dup v3.8h, v20.h[5]", a -> a.dup(h8(3), h8(20).at(5)));
    put("dup v3.8b, v20.b[15]", a -> a.dup(b8(3), b16(20).at(15)));
    put("dup v3.4s, w20", a -> a.dup(s4(3), X20));
    put("dup v3.2d, x20", a -> a.dup(d2(3), X20));
    put("dup v3.16b, w20", a -> a.dup(b16(3), X20));
    put("zip1 v3.16b, v20.16b, v9.16b", a -> a.zip1(b16(3), b16(20), b16(9)));
    put("zip2 v3.8h, v20.8h, v9.8h", a -> a.zip2(h8(3), h8(20), h8(9)));
  }

  private void floats() {
    put("fadd v3.4s, v20.4s, v9.4s", a -> a.fadd(s4(3), s4(20), s4(9)));
    put("fsub v3.4s, v20.4s, v9.4s", a -> a.fsub(s4(3), s4(20), s4(9)));
    put("fmul v3.4s, v20.4s, v9.4s", a -> a.fmul(s4(3), s4(20), s4(9)));
    put("fmax v3.4s, v20.4s, v9.4s", a -> a.fmax(s4(3), s4(20), s4(9)));
    put("fmin v3.4s, v20.4s, v9.4s", a -> a.fmin(s4(3), s4(20), s4(9)));
    put("fmaxnm v3.4s, v20.4s, v9.4s", a -> a.fmaxnm(s4(3), s4(20), s4(9)));
    put("fminnm v3.4s, v20.4s, v9.4s", a -> a.fminnm(s4(3), s4(20), s4(9)));
    put("fmla v3.4s, v20.4s, v9.4s", a -> a.fmla(s4(3), s4(20), s4(9)));
    put("fmla v3.4s, v20.4s, v29.s[3]", a -> a.fmla(s4(3), s4(20), s4(29).at(3)));
    put("fmla v3.4s, v20.4s, v9.s[0]", a -> a.fmla(s4(3), s4(20), s4(9).at(0)));
    put("fmul v3.4s, v20.4s, v9.s[1]", a -> a.fmul(s4(3), s4(20), s4(9).at(1)));
    put("fcmeq v3.4s, v20.4s, v9.4s", a -> a.fcmeq(s4(3), s4(20), s4(9)));
    put("scvtf v3.4s, v20.4s", a -> a.scvtf(s4(3), s4(20)));
    put("fcvtns v3.4s, v20.4s", a -> a.fcvtns(s4(3), s4(20)));
    put("frintn v3.4s, v20.4s", a -> a.frintn(s4(3), s4(20)));
  }

  private void halves() {
    put("fadd v3.8h, v20.8h, v9.8h", a -> a.fadd(h8(3), h8(20), h8(9)));
    put("fsub v3.8h, v20.8h, v9.8h", a -> a.fsub(h8(3), h8(20), h8(9)));
    put("fmul v3.8h, v20.8h, v9.8h", a -> a.fmul(h8(3), h8(20), h8(9)));
    put("fmax v3.4h, v20.4h, v9.4h", a -> a.fmax(h4(3), h4(20), h4(9)));
    put("fmin v3.8h, v20.8h, v9.8h", a -> a.fmin(h8(3), h8(20), h8(9)));
    put("fmaxnm v3.8h, v20.8h, v9.8h", a -> a.fmaxnm(h8(3), h8(20), h8(9)));
    put("fminnm v3.8h, v20.8h, v9.8h", a -> a.fminnm(h8(3), h8(20), h8(9)));
    put("fmla v3.8h, v20.8h, v9.8h", a -> a.fmla(h8(3), h8(20), h8(9)));
    put("fcmeq v3.8h, v20.8h, v9.8h", a -> a.fcmeq(h8(3), h8(20), h8(9)));
    put("fcvtl v3.4s, v20.4h", a -> a.fcvtl(s4(3), h4(20)));
    put("fcvtn v3.4h, v20.4s", a -> a.fcvtn(h4(3), s4(20)));
    put("bfcvtn v3.4h, v20.4s", a -> a.bfcvtn(h4(3), s4(20)));
    put("bfmmla v3.4s, v20.8h, v9.8h", a -> a.bfmmla(s4(3), h8(20), h8(9)));
    put("shll v3.4s, v20.4h, #16", a -> a.shll(s4(3), h4(20)));
  }

  private void integers() {
    put("add v3.4s, v20.4s, v9.4s", a -> a.add(s4(3), s4(20), s4(9)));
    put("sub v3.16b, v20.16b, v9.16b", a -> a.sub(b16(3), b16(20), b16(9)));
    put("addp v3.4s, v20.4s, v9.4s", a -> a.addp(s4(3), s4(20), s4(9)));
    put("eor v3.16b, v20.16b, v9.16b", a -> a.eor(b16(3), b16(20), b16(9)));
    put("orr v3.16b, v20.16b, v9.16b", a -> a.orr(b16(3), b16(20), b16(9)));
    put("and v3.16b, v20.16b, v9.16b", a -> a.and(b16(3), b16(20), b16(9)));
    put("bsl v3.16b, v20.16b, v9.16b", a -> a.bsl(b16(3), b16(20), b16(9)));
    put("sxtl v3.8h, v20.8b", a -> a.sxtl(h8(3), b8(20)));
    put("uxtl v3.4s, v20.4h", a -> a.uxtl(s4(3), h4(20)));
    put("ushr v3.4s, v20.4s, #16", a -> a.ushr(s4(3), s4(20), 16));
    put("xtn v3.4h, v20.4s", a -> a.xtn(h4(3), s4(20)));
  }

  private void products() {
    put("smull v3.8h, v20.8b, v9.8b", a -> a.smull(h8(3), b8(20), b8(9)));
    put("smull2 v3.8h, v20.16b, v9.16b", a -> a.smull2(h8(3), b16(20), b16(9)));
    put("smlal v3.4s, v20.4h, v9.4h", a -> a.smlal(s4(3), h4(20), h4(9)));
    put("sadalp v3.4s, v20.8h", a -> a.sadalp(s4(3), h8(20)));
    put("sdot v3.4s, v20.16b, v9.16b", a -> a.sdot(s4(3), b16(20), b16(9)));
    put("sdot v3.4s, v20.16b, v29.4b[2]", a -> a.sdot(s4(3), b16(20), s4(29).at(2)));
    put("smmla v3.4s, v20.16b, v9.16b", a -> a.smmla(s4(3), b16(20), b16(9)));
    put("usmmla v3.4s, v20.16b, v9.16b", a -> a.usmmla(s4(3), b16(20), b16(9)));
  }

  @TestFactory
  Stream<DynamicTest> instruction_hasTheBytesOfTheGnuAssembler() throws IOException {
    Map<String, String> golden = GOLDEN.read(instructions.keySet());
    return instructions.entrySet().stream()
        .map(entry ->
            DynamicTest.dynamicTest(
                entry.getKey(),
                () -> {
                  Assembler assembler = new Assembler();
                  entry.getValue().accept(assembler);
                  assertThat(HexFormat.of().formatHex(assembler.toBytes()))
                      .isEqualTo(golden.get(entry.getKey()));
                }));
  }

  @Test
  void golden_listsNothingElse() throws IOException {
    assertThat(GOLDEN.read(instructions.keySet()).keySet()).isEqualTo(instructions.keySet());
  }

  @Test
  void operand_isRefused_whenItCannotBeEncoded() {
    Assembler a = new Assembler();
    assertThatThrownBy(() -> a.ldr(q(0), Mem.at(X0, 65536)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("65536");
    assertThatThrownBy(() -> a.ldr(X2, Mem.at(X0, -8)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> a.cmp(X17, 4096)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void label_isRefused_whenItIsTooFarAway() {
    Assembler a = new Assembler();
    Label far = new Label();
    a.cbz(X0, far);
    for (int i = 0; i < 1 << 18; i++) {
      a.ret();
    }
    a.bind(far);
    assertThatThrownBy(a::toBytes)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("too far");
  }
}
