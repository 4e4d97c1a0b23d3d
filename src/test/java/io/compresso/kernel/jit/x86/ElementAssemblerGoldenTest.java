package io.compresso.kernel.jit.x86;

import static io.compresso.kernel.jit.x86.Gpr.R10;
import static io.compresso.kernel.jit.x86.Gpr.R12;
import static io.compresso.kernel.jit.x86.Gpr.R13;
import static io.compresso.kernel.jit.x86.Gpr.R9;
import static io.compresso.kernel.jit.x86.Gpr.RAX;
import static io.compresso.kernel.jit.x86.Gpr.RBX;
import static io.compresso.kernel.jit.x86.Gpr.RCX;
import static io.compresso.kernel.jit.x86.Gpr.RDI;
import static io.compresso.kernel.jit.x86.Mask.K1;
import static io.compresso.kernel.jit.x86.Mask.K2;
import static io.compresso.kernel.jit.x86.Vec.xmm;
import static io.compresso.kernel.jit.x86.Vec.ymm;
import static io.compresso.kernel.jit.x86.Vec.zmm;
import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.jit.GoldenCode;
import io.compresso.kernel.jit.x86.ElementAssembler.Predicate;
import io.compresso.kernel.jit.x86.ElementAssembler.Rounding;
import io.compresso.kernel.jit.x86.Encoder.Modifiers;
import java.io.IOException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Holds each instruction to the bytes of the GNU assembler. {@code -Dgolden.regenerate=true} writes
 * the file anew.
 */
class ElementAssemblerGoldenTest {
  private static final GoldenCode GOLDEN =
      new GoldenCode(
          "/golden/x86-element-instructions.txt", "as", "objcopy", ".intel_syntax noprefix");

  private final Map<String, Consumer<ElementAssembler>> instructions = new LinkedHashMap<>();

  ElementAssemblerGoldenTest() {
    general();
    floats();
    integers();
    unpacking();
  }

  private void put(String text, Consumer<ElementAssembler> instruction) {
    instructions.put(text, instruction);
  }

  private void general() {
    put("cmp r10, r12", a -> a.cmp(R10, R12));
    put("add rdi, [r13+8]", a -> a.add(RDI, Mem.at(R13, 8)));
    put("movsx rax, byte ptr [r12]", a -> a.movsxByte(RAX, Mem.at(R12)));
    put("movzx rcx, word ptr [rdi+2]", a -> a.movzxWord(RCX, Mem.at(RDI, 2)));
    put("xor r10, r9", a -> a.xor(R10, R9));
    put("and r12, -64", a -> a.and(R12, -64));
    put("shl rbx, 6", a -> a.shl(RBX, 6));
    put("bzhi rax, r9, r13", a -> a.bzhi(RAX, R9, R13));
    put("kmovq k1, rax", a -> a.kmovq(K1, RAX));
    put("kmovq k2, r13", a -> a.kmovq(K2, R13));
  }

  private void floats() {
    put("vmovaps zmm1{k2}, zmm20", a -> a.vmovaps(zmm(1), zmm(20), Modifiers.merging(K2)));
    put("vmovaps zmm1{k2}{z}, zmm2", a -> a.vmovaps(zmm(1), zmm(2), Modifiers.zeroing(K2)));
    put("vsubps ymm1, ymm2, ymm13", a -> a.vsubps(ymm(1), ymm(2), ymm(13)));
    put("vandps zmm1, zmm2, zmm13", a -> a.vandps(zmm(1), zmm(2), zmm(13)));
    put("vsqrtps zmm1, zmm22", a -> a.vsqrtps(zmm(1), zmm(22)));
    put("vfmadd213ps ymm1, ymm2, ymm13", a -> a.vfmadd213ps(ymm(1), ymm(2), ymm(13)));
    put("vroundps ymm1, ymm12, 1", a -> a.vround(ymm(1), ymm(12), Rounding.DOWN));
    put("vrndscaleps zmm1, zmm22, 2", a -> a.vround(zmm(1), zmm(22), Rounding.UP));
    put("vcmpps ymm1, ymm2, ymm13, 3", a -> a.vcmpps(ymm(1), ymm(2), ymm(13), Predicate.UNORDERED));
    put("vcmpps k2, zmm2, zmm23, 14", a -> a.vcmpps(K2, zmm(2), zmm(23), Predicate.GREATER));
    put("vblendvps ymm1, ymm2, ymm13, ymm15", a -> a.vblendvps(ymm(1), ymm(2), ymm(13), ymm(15)));
    put("vblendmps zmm1{k1}, zmm2, zmm23", a -> a.vblendmps(zmm(1), K1, zmm(2), zmm(23)));
    put("vpmovd2m k2, zmm9", a -> a.vpmovd2m(K2, zmm(9)));
    put("vpermilps xmm1, xmm12, 78", a -> a.vpermilps(xmm(1), xmm(12), 78));
    put("vshufps ymm1, ymm2, ymm13, 0x88", a -> a.vshufps(ymm(1), ymm(2), ymm(13), 0x88));
    put("vpermpd ymm1, ymm12, 0xd8", a -> a.vpermpd(ymm(1), ymm(12), 0xD8));
    put("vpermt2ps zmm1, zmm22, zmm3", a -> a.vpermt2ps(zmm(1), zmm(22), zmm(3)));
  }

  private void integers() {
    put("vpaddw ymm1, ymm2, ymm3", a -> a.vpaddw(ymm(1), ymm(2), ymm(3)));
    put("vpaddw zmm1, zmm17, zmm3", a -> a.vpaddw(zmm(1), zmm(17), zmm(3)));
    put("vpsubw ymm9, ymm2, ymm3", a -> a.vpsubw(ymm(9), ymm(2), ymm(3)));
    put("vpsubw zmm1, zmm2, zmm31", a -> a.vpsubw(zmm(1), zmm(2), zmm(31)));
    put("vpabsw zmm1, zmm30", a -> a.vpabsw(zmm(1), zmm(30)));
    put("vpabsw ymm1, ymm12", a -> a.vpabsw(ymm(1), ymm(12)));
    put("vpshufb zmm1, zmm2, [r13+64]", a -> a.vpshufb(zmm(1), zmm(2), Mem.at(R13, 64)));
    put("vpshufb ymm1, ymm12, [rdi]", a -> a.vpshufb(ymm(1), ymm(12), Mem.at(RDI)));
    put("vpdpwssd zmm1, zmm2, zmm30", a -> a.vpdpwssd(zmm(1), zmm(2), zmm(30)));
    put("{vex} vpdpwssd ymm1, ymm2, ymm14", a -> a.vpdpwssdVex(ymm(1), ymm(2), ymm(14)));
    put(
        "vpmovzxbw ymm1, xmmword ptr [rdi+rcx+32]",
        a -> a.vpmovzxbw(ymm(1), Mem.at(RDI, RCX, 1, 32), Modifiers.NONE));
    put(
        "vpmovzxbw zmm1{k1}{z}, ymmword ptr [rdi+rcx+32]",
        a -> a.vpmovzxbw(zmm(1), Mem.at(RDI, RCX, 1, 32), Modifiers.zeroing(K1)));
    put(
        "vpmovsxbw zmm18, ymmword ptr [rdi+64]",
        a -> a.vpmovsxbw(zmm(18), Mem.at(RDI, 64), Modifiers.NONE));
    put("vpand ymm1, ymm2, ymm13", a -> a.vpand(ymm(1), ymm(2), ymm(13)));
    put("vpandd zmm1, zmm2, zmm13", a -> a.vpand(zmm(1), zmm(2), zmm(13)));
    put("vpmaxsd zmm1, zmm2, zmm13", a -> a.vpmaxsd(zmm(1), zmm(2), zmm(13)));
    put("vpminsd ymm1, ymm2, ymm13", a -> a.vpminsd(ymm(1), ymm(2), ymm(13)));
    put("vpmaxub zmm1, zmm2, zmm13", a -> a.vpmaxub(zmm(1), zmm(2), zmm(13)));
    put("vpmaxsb ymm1, ymm2, ymm13", a -> a.vpmaxsb(ymm(1), ymm(2), ymm(13)));
    put(
        "vpmaxub zmm1, zmm2, zmmword ptr [rdi+rax+192]",
        a -> a.vpmaxub(zmm(1), zmm(2), Mem.at(RDI, RAX, 1, 192)));
    put(
        "vpmaxsb xmm1, xmm2, xmmword ptr [rdi+rax+48]",
        a -> a.vpmaxsb(xmm(1), xmm(2), Mem.at(RDI, RAX, 1, 48)));
    put("vpmovsxwd ymm1, [rdi+16]", a -> a.vpmovsxwd(ymm(1), Mem.at(RDI, 16), Modifiers.NONE));
    put(
        "vpmovsxwd zmm1{k1}{z}, [rdi+32]",
        a -> a.vpmovsxwd(zmm(1), Mem.at(RDI, 32), Modifiers.zeroing(K1)));
    put(
        "vpmovdw [rdi+32]{k1}, zmm1",
        a -> a.vpmovdw(Mem.at(RDI, 32), zmm(1), Modifiers.merging(K1)));
    put("vpmovsdb [rdi+16], zmm18", a -> a.vpmovsdb(Mem.at(RDI, 16), zmm(18), Modifiers.NONE));
    put(
        "vpmovusdb [rdi+3]{k1}, zmm1",
        a -> a.vpmovusdb(Mem.at(RDI, 3), zmm(1), Modifiers.merging(K1)));
    put("vpackusdw xmm1, xmm2, xmm13", a -> a.vpackusdw(xmm(1), xmm(2), xmm(13)));
    put("vpmovb2m k2, zmm9", a -> a.vpmovb2m(K2, zmm(9)));
    put("vpermi2b zmm1, zmm2, zmm23", a -> a.vpermi2b(zmm(1), zmm(2), zmm(23)));
    put("vpblendmb zmm1{k2}, zmm2, zmm23", a -> a.vpblendmb(zmm(1), K2, zmm(2), zmm(23)));
  }

  private void unpacking() {
    put("vpunpcklbw ymm1, ymm2, ymm13", a -> a.vpunpck(ymm(1), ymm(2), ymm(13), 1, false));
    put("vpunpckhbw zmm1, zmm2, zmm13", a -> a.vpunpck(zmm(1), zmm(2), zmm(13), 1, true));
    put("vpunpcklwd zmm1, zmm2, zmm23", a -> a.vpunpck(zmm(1), zmm(2), zmm(23), 2, false));
    put("vpunpckhwd ymm1, ymm2, ymm13", a -> a.vpunpck(ymm(1), ymm(2), ymm(13), 2, true));
    put("vpunpckldq zmm1, zmm2, zmm23", a -> a.vpunpck(zmm(1), zmm(2), zmm(23), 4, false));
    put("vpunpckhdq ymm1, ymm2, ymm13", a -> a.vpunpck(ymm(1), ymm(2), ymm(13), 4, true));
    put("vpunpcklqdq ymm1, ymm2, ymm13", a -> a.vpunpck(ymm(1), ymm(2), ymm(13), 8, false));
    put("vpunpckhqdq zmm1, zmm2, zmm23", a -> a.vpunpck(zmm(1), zmm(2), zmm(23), 8, true));
    put("vextracti128 [rdi+16], ymm9, 1", a -> a.vextracti128(Mem.at(RDI, 16), ymm(9)));
    put("vmovhps [rdi+8], xmm9", a -> a.vmovhps(Mem.at(RDI, 8), xmm(9)));
    put("vcvtps2pd zmm20, [rdi+32]", a -> a.vcvtps2pd(zmm(20), Mem.at(RDI, 32)));
    put("vcvtpd2ps ymm3, zmm20", a -> a.vcvtpd2ps(ymm(3), zmm(20)));
    put(
        "vmulpd zmm20, zmm3, qword ptr [rdi+8]{1to8}",
        a -> a.vmulpd(zmm(20), zmm(3), Mem.at(RDI, 8), Modifiers.BROADCAST));
    put(
        "vfmadd231pd zmm20, zmm3, qword ptr [rdi+8]{1to8}",
        a -> a.vfmadd231pd(zmm(20), zmm(3), Mem.at(RDI, 8), Modifiers.BROADCAST));
  }

  @TestFactory
  Stream<DynamicTest> instruction_hasTheBytesOfTheGnuAssembler() throws IOException {
    Map<String, String> golden = GOLDEN.read(instructions.keySet());
    return instructions.entrySet().stream()
        .map(entry ->
            DynamicTest.dynamicTest(
                entry.getKey(),
                () -> {
                  ElementAssembler assembler = new ElementAssembler();
                  entry.getValue().accept(assembler);
                  assertThat(HexFormat.of().formatHex(assembler.toBytes()))
                      .isEqualTo(golden.get(entry.getKey()));
                }));
  }

  @Test
  void golden_listsNothingElse() throws IOException {
    assertThat(GOLDEN.read(instructions.keySet()).keySet()).isEqualTo(instructions.keySet());
  }
}
