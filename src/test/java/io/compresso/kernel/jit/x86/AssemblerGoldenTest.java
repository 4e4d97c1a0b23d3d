package io.compresso.kernel.jit.x86;

import static io.compresso.kernel.jit.x86.Gpr.R10;
import static io.compresso.kernel.jit.x86.Gpr.R12;
import static io.compresso.kernel.jit.x86.Gpr.R13;
import static io.compresso.kernel.jit.x86.Gpr.R15;
import static io.compresso.kernel.jit.x86.Gpr.R9;
import static io.compresso.kernel.jit.x86.Gpr.RAX;
import static io.compresso.kernel.jit.x86.Gpr.RBP;
import static io.compresso.kernel.jit.x86.Gpr.RBX;
import static io.compresso.kernel.jit.x86.Gpr.RCX;
import static io.compresso.kernel.jit.x86.Gpr.RDI;
import static io.compresso.kernel.jit.x86.Gpr.RSP;
import static io.compresso.kernel.jit.x86.Mask.K1;
import static io.compresso.kernel.jit.x86.Mask.K2;
import static io.compresso.kernel.jit.x86.Tile.TMM1;
import static io.compresso.kernel.jit.x86.Tile.TMM2;
import static io.compresso.kernel.jit.x86.Tile.TMM7;
import static io.compresso.kernel.jit.x86.Vec.xmm;
import static io.compresso.kernel.jit.x86.Vec.ymm;
import static io.compresso.kernel.jit.x86.Vec.zmm;
import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.GoldenCode;
import io.compresso.kernel.jit.x86.Assembler.Condition;
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
class AssemblerGoldenTest {
  private static final GoldenCode GOLDEN =
      new GoldenCode("/golden/x86-instructions.txt", "as", "objcopy", ".intel_syntax noprefix");

  private final Map<String, Consumer<Assembler>> instructions = new LinkedHashMap<>();

  AssemblerGoldenTest() {
    general();
    moves();
    floats();
    integers();
    tiles();
    convolutions();
  }

  private void put(String text, Consumer<Assembler> instruction) {
    instructions.put(text, instruction);
  }

  private void general() {
    put("mov rbx, r10", a -> a.mov(RBX, R10));
    put("mov r10, [rdi]", a -> a.mov(R10, Mem.at(RDI)));
    put("mov rcx, [rsp+0x38]", a -> a.mov(RCX, Mem.at(RSP, 56)));
    put("mov rcx, [r13]", a -> a.mov(RCX, Mem.at(R13)));
    put("mov rcx, [rbp+r9*8-0x1000]", a -> a.mov(RCX, Mem.at(RBP, R9, 8, -4096)));
    put("mov ebx, 0x12345678", a -> a.mov(RBX, 0x12345678));
    put("movabs r12, 0x123456789abcdef0", a -> a.mov(R12, 0x123456789abcdef0L));
    put("lea r15, [rbx+rbx*2]", a -> a.lea(R15, Mem.at(RBX, RBX, 2, 0)));
    put("add r9, rcx", a -> a.add(R9, RCX));
    put("add r9, 127", a -> a.add(R9, 127));
    put("add rdi, -4096", a -> a.add(RDI, -4096));
    put("cmp rbx, 16", a -> a.cmp(RBX, 16));
    put("mov [r12+8], rbx", a -> a.mov(Mem.at(R12, 8), RBX));
    put("mov [r10+rcx*1], al", a -> a.movByte(Mem.at(R10, RCX, 1, 0), RAX));
    put("shr rax, 8", a -> a.shr(RAX, 8));
    put("dec r13", a -> a.dec(R13));
    put("cpuid", Assembler::cpuid);
    put("and rsp, -64", a -> a.and(RSP, -64));
    put("prefetcht1 [r15+64]", a -> a.prefetcht1(Mem.at(R15, 64)));
    put("test rcx, r9", a -> a.test(RCX, R9));
    put("call [rbx]", a -> a.call(Mem.at(RBX)));
    put("call [r12+8]", a -> a.call(Mem.at(R12, 8)));
    put("push rbp", a -> a.push(RBP));
    put("push r12", a -> a.push(R12));
    put("pop r15", a -> a.pop(R15));
    put("ret", Assembler::ret);
    put("prefetcht0 [r10+64]", a -> a.prefetcht0(Mem.at(R10, 64)));
    for (Condition condition : Condition.values()) {
      String name =
          switch (condition) {
            case EQUAL -> "je";
            case NOT_EQUAL -> "jne";
            case LESS -> "jl";
            case GREATER_OR_EQUAL -> "jge";
          };
      put("{disp32} " + name + " .", a -> a.jump(condition, a.here()));
    }
    put(
        "{disp32} jmp .+5",
        a -> {
          Label next = new Label();
          a.jmp(next);
          a.bind(next);
        });
  }

  private void moves() {
    put("vmovups ymm1, [rdi+32]", a -> a.vmovups(ymm(1), Mem.at(RDI, 32)));
    put("vmovups ymm9, [r12]", a -> a.vmovups(ymm(9), Mem.at(R12)));
    put("vmovups ymm17, [rdi+32]", a -> a.vmovups(ymm(17), Mem.at(RDI, 32)));
    put("vmovups zmm1, [rdi+64]", a -> a.vmovups(zmm(1), Mem.at(RDI, 64)));
    put("vmovups zmm31, [r13+r9*4+8]", a -> a.vmovups(zmm(31), Mem.at(R13, R9, 4, 8)));
    put(
        "vmovups zmm2{k1}{z}, [rdi+8192]",
        a -> a.vmovups(zmm(2), Mem.at(RDI, 8192), Modifiers.zeroing(K1)));
    put("vmovups [rbp], zmm9", a -> a.vmovups(Mem.at(RBP), zmm(9)));
    put("vmovups [rdi-128], ymm3", a -> a.vmovups(Mem.at(RDI, -128), ymm(3)));
    put(
        "vmovups [rdi-128]{k2}, zmm3",
        a -> a.vmovups(Mem.at(RDI, -128), zmm(3), Modifiers.merging(K2)));
    put("vmovaps zmm20, zmm3", a -> a.vmovaps(zmm(20), zmm(3)));
    put("vmovaps ymm2, ymm3", a -> a.vmovaps(ymm(2), ymm(3)));
    put("vmaskmovps ymm2, ymm15, [rdi+64]", a -> a.vmaskmovps(ymm(2), ymm(15), Mem.at(RDI, 64)));
    put("vmaskmovps [r9], ymm15, ymm2", a -> a.vmaskmovps(Mem.at(R9), ymm(15), ymm(2)));
    put("vbroadcastss ymm4, [rax+508]", a -> a.vbroadcastss(ymm(4), Mem.at(RAX, 508)));
    put("vbroadcastss zmm4, [rax+508]", a -> a.vbroadcastss(zmm(4), Mem.at(RAX, 508)));
    put("vbroadcastss zmm24, [rax+510]", a -> a.vbroadcastss(zmm(24), Mem.at(RAX, 510)));
    put("vpbroadcastd zmm24, [rax-512]", a -> a.vpbroadcastd(zmm(24), Mem.at(RAX, -512)));
    put("vpbroadcastd ymm4, [r10]", a -> a.vpbroadcastd(ymm(4), Mem.at(R10)));
    put("vbroadcastss zmm24, xmm3", a -> a.vbroadcastss(zmm(24), xmm(3)));
    put("vbroadcastss ymm4, xmm13", a -> a.vbroadcastss(ymm(4), xmm(13)));
    put("vmovd xmm4, r9d", a -> a.vmovd(xmm(4), R9));
    put("vmovd xmm28, eax", a -> a.vmovd(xmm(28), RAX));
    put("kmovw k1, [r12]", a -> a.kmovw(K1, Mem.at(R12)));
    put("kmovq k2, [rdi+8]", a -> a.kmovq(K2, Mem.at(RDI, 8)));
    put("vzeroupper", Assembler::vzeroupper);
  }

  private void floats() {
    put("vxorps ymm8, ymm8, ymm8", a -> a.vxorps(ymm(8), ymm(8), ymm(8)));
    put("vxorps zmm18, zmm18, zmm18", a -> a.vxorps(zmm(18), zmm(18), zmm(18)));
    put("vaddps zmm1, zmm17, zmm9", a -> a.vaddps(zmm(1), zmm(17), zmm(9)));
    put("vmulps ymm1, ymm2, ymm3", a -> a.vmulps(ymm(1), ymm(2), ymm(3)));
    put(
        "vmulps zmm1, zmm2, dword ptr [rdi+4]{1to16}",
        a -> a.vmulps(zmm(1), zmm(2), Mem.at(RDI, 4), Modifiers.BROADCAST));
    put("vminps zmm1, zmm2, zmm30", a -> a.vminps(zmm(1), zmm(2), zmm(30)));
    put("vmaxps ymm1, ymm2, ymm13", a -> a.vmaxps(ymm(1), ymm(2), ymm(13)));
    put("vfmadd231ps ymm1, ymm14, ymm13", a -> a.vfmadd231ps(ymm(1), ymm(14), ymm(13)));
    put("vfmadd231ps zmm27, zmm28, zmm29", a -> a.vfmadd231ps(zmm(27), zmm(28), zmm(29)));
    put(
        "vfmadd231ps zmm27, zmm28, dword ptr [r9+400]{1to16}",
        a -> a.vfmadd231ps(zmm(27), zmm(28), Mem.at(R9, 400), Modifiers.BROADCAST));
    put(
        "vxorps zmm1, zmm2, dword ptr [rdi+4]{1to16}",
        a -> a.vxorps(zmm(1), zmm(2), Mem.at(RDI, 4), Modifiers.BROADCAST));
    put(
        "vandps zmm1, zmm2, dword ptr [rdi+4]{1to16}",
        a -> a.vandps(zmm(1), zmm(2), Mem.at(RDI, 4), Modifiers.BROADCAST));
    put(
        "vandps ymm1, ymm2, [rdi+4]",
        a -> a.vandps(ymm(1), ymm(2), Mem.at(RDI, 4), Modifiers.NONE));
    put("vorps zmm1, zmm20, zmm3", a -> a.vorps(zmm(1), zmm(20), zmm(3)));
    put(
        "vaddps ymm1, ymm2, [rdi+32]",
        a -> a.vaddps(ymm(1), ymm(2), Mem.at(RDI, 32), Modifiers.NONE));
    put(
        "vsubps zmm1, zmm2, dword ptr [rdi+4]{1to16}",
        a -> a.vsubps(zmm(1), zmm(2), Mem.at(RDI, 4), Modifiers.BROADCAST));
    put("vdivps ymm1, ymm2, ymm13", a -> a.vdivps(ymm(1), ymm(2), ymm(13)));
    put("vscalefps zmm1, zmm12, zmm30", a -> a.vscalefps(zmm(1), zmm(12), zmm(30)));
    put(
        "vfmadd213ps zmm27, zmm28, dword ptr [r9+400]{1to16}",
        a -> a.vfmadd213ps(zmm(27), zmm(28), Mem.at(R9, 400), Modifiers.BROADCAST));
    put(
        "vfnmadd231ps ymm7, ymm8, [r9+64]",
        a -> a.vfnmadd231ps(ymm(7), ymm(8), Mem.at(R9, 64), Modifiers.NONE));
    put("kmovq k2, r9", a -> a.kmovq(K2, R9));
    put(
        "vmovdqu16 zmm1{k1}{z}, [rdi+64]",
        a -> a.vmovdqu16(zmm(1), Mem.at(RDI, 64), Modifiers.zeroing(K1)));
    put("vunpcklps zmm3, zmm20, zmm5", a -> a.vunpcklps(zmm(3), zmm(20), zmm(5)));
    put("vunpckhps zmm3, zmm20, zmm5", a -> a.vunpckhps(zmm(3), zmm(20), zmm(5)));
    put("vunpcklpd zmm3, zmm20, zmm5", a -> a.vunpcklpd(zmm(3), zmm(20), zmm(5)));
    put("vunpckhpd zmm3, zmm20, zmm5", a -> a.vunpckhpd(zmm(3), zmm(20), zmm(5)));
    put("vshuff32x4 zmm3, zmm20, zmm5, 0x88", a -> a.vshuff32x4(zmm(3), zmm(20), zmm(5), 0x88));
    put(
        "vshuff32x4 zmm3{k1}{z}, zmm20, zmm5, 0x88",
        a -> a.vshuff32x4(zmm(3), zmm(20), zmm(5), 0x88, Modifiers.zeroing(K1)));
    put("vcvtneps2bf16 ymm3, zmm20", a -> a.vcvtneps2bf16(ymm(3), zmm(20)));
    put("vsubps zmm3, zmm20, zmm5", a -> a.vsubps(zmm(3), zmm(20), zmm(5)));
    put("vcmpordps k2, zmm1, zmm20", a -> a.vcmpps(K2, zmm(1), zmm(20), Assembler.ORDERED));
    put("vcmpordps ymm2, ymm1, ymm13", a -> a.vcmpps(ymm(2), ymm(1), ymm(13), Assembler.ORDERED));
    put("vblendvps ymm1, ymm2, ymm13, ymm4", a -> a.vblendvps(ymm(1), ymm(2), ymm(13), ymm(4)));
    put("vmovaps zmm20{k2}, zmm3", a -> a.vmovaps(zmm(20), zmm(3), Modifiers.merging(K2)));
    put("vpackusdw xmm3, xmm9, xmm2", a -> a.vpackusdw(xmm(3), xmm(9), xmm(2)));
    put(
        "vpmovdw [rdi+32]{k1}, zmm18",
        a -> a.vpmovdw(Mem.at(RDI, 32), zmm(18), Modifiers.merging(K1)));
    put("vdpbf16ps zmm3, zmm20, zmm5", a -> a.vdpbf16ps(zmm(3), zmm(20), zmm(5)));
    put("vcvtdq2ps zmm3, zmm20", a -> a.vcvtdq2ps(zmm(3), zmm(20)));
    put("vcvtps2dq ymm3, ymm2", a -> a.vcvtps2dq(ymm(3), ymm(2)));
    put("vcvtph2ps zmm3, [rdi+32]", a -> a.vcvtph2ps(zmm(3), Mem.at(RDI, 32)));
    put("vcvtph2ps ymm3, [rdi+32]", a -> a.vcvtph2ps(ymm(3), Mem.at(RDI, 32)));
    put("vcvtps2ph [rdi+32], zmm19, 4", a -> a.vcvtps2ph(Mem.at(RDI, 32), zmm(19)));
  }

  private void integers() {
    put("vpxor ymm8, ymm9, ymm10", a -> a.vpxor(ymm(8), ymm(9), ymm(10)));
    put("vpxord zmm8, zmm9, zmm10", a -> a.vpxor(zmm(8), zmm(9), zmm(10)));
    put("vpaddd zmm8, zmm9, zmm10", a -> a.vpaddd(zmm(8), zmm(9), zmm(10)));
    put(
        "vpaddd zmm8, zmm9, dword ptr [rdi+4]{1to16}",
        a -> a.vpaddd(zmm(8), zmm(9), Mem.at(RDI, 4), Modifiers.BROADCAST));
    put("vpsubd zmm8, zmm19, zmm10", a -> a.vpsubd(zmm(8), zmm(19), zmm(10)));
    put("vpsrad ymm8, ymm9, 1", a -> a.vpsrad(ymm(8), ymm(9), 1));
    put("vpmulld ymm8, ymm9, ymm10", a -> a.vpmulld(ymm(8), ymm(9), ymm(10)));
    put("vpmulld zmm8, zmm9, zmm20", a -> a.vpmulld(zmm(8), zmm(9), zmm(20)));
    put("vpsllw ymm8, ymm9, 8", a -> a.vpsllw(ymm(8), ymm(9), 8));
    put("vpsrlw ymm8, ymm13, 8", a -> a.vpsrlw(ymm(8), ymm(13), 8));
    put("vpsraw zmm28, zmm9, 8", a -> a.vpsraw(zmm(28), zmm(9), 8));
    put("vextracti128 xmm3, ymm9, 1", a -> a.vextracti128(xmm(3), ymm(9)));
    put("vpackssdw xmm3, xmm9, xmm2", a -> a.vpackssdw(xmm(3), xmm(9), xmm(2)));
    put("vpackuswb xmm3, xmm9, xmm2", a -> a.vpackuswb(xmm(3), xmm(9), xmm(2)));
    put("vpacksswb xmm3, xmm9, xmm2", a -> a.vpacksswb(xmm(3), xmm(9), xmm(2)));
    put("vmovq rax, xmm9", a -> a.vmovq(RAX, xmm(9)));
    put("vpor ymm8, ymm9, ymm10", a -> a.vpor(ymm(8), ymm(9), ymm(10)));
    put("vpord zmm8, zmm9, zmm30", a -> a.vpor(zmm(8), zmm(9), zmm(30)));
    put("vpslld ymm8, ymm9, 16", a -> a.vpslld(ymm(8), ymm(9), 16));
    put("vpslld zmm8, zmm29, 24", a -> a.vpslld(zmm(8), zmm(29), 24));
    put("vpmovzxbd ymm8, [rdi+8]", a -> a.vpmovzxbd(ymm(8), Mem.at(RDI, 8), Modifiers.NONE));
    put(
        "vpmovzxbd zmm8{k1}{z}, [rdi+32]",
        a -> a.vpmovzxbd(zmm(8), Mem.at(RDI, 32), Modifiers.zeroing(K1)));
    put("vpsrld zmm8, zmm29, 24", a -> a.vpsrld(zmm(8), zmm(29), 24));
    put("vpmovzxwd ymm8, [rdi+8]", a -> a.vpmovzxwd(ymm(8), Mem.at(RDI, 8), Modifiers.NONE));
    put(
        "vpmovzxwd zmm8{k1}{z}, [rdi+32]",
        a -> a.vpmovzxwd(zmm(8), Mem.at(RDI, 32), Modifiers.zeroing(K1)));
    put("vpmaddwd ymm8, ymm9, ymm10", a -> a.vpmaddwd(ymm(8), ymm(9), ymm(10)));
    put("vpmaddwd zmm8, zmm29, zmm10", a -> a.vpmaddwd(zmm(8), zmm(29), zmm(10)));
    put("vpdpbusd zmm8, zmm29, zmm10", a -> a.vpdpbusd(zmm(8), zmm(29), zmm(10)));
    put("vpdpbusd ymm8, ymm9, ymm10", a -> a.vpdpbusd(ymm(8), ymm(9), ymm(10)));
    put("{vex} vpdpbusd ymm8, ymm9, ymm10", a -> a.vpdpbusdVex(ymm(8), ymm(9), ymm(10)));
    put("vpmovzxbw ymm8, [rdi+16]", a -> a.vpmovzxbw(ymm(8), Mem.at(RDI, 16)));
    put("vpmovqd [rdi+32], zmm18", a -> a.vpmovqd(Mem.at(RDI, 32), zmm(18), Modifiers.NONE));
    put(
        "vpmovqd [rdi+32]{k2}, zmm1",
        a -> a.vpmovqd(Mem.at(RDI, 32), zmm(1), Modifiers.merging(K2)));
    put("kmovd k2, eax", a -> a.kmovd(K2, RAX));
    put(
        "vmovdqu8 ymm1{k1}{z}, [rdi+32]",
        a -> a.vmovdqu8(ymm(1), Mem.at(RDI, 32), Modifiers.zeroing(K1)));
    put("vpmovzxwd zmm3, ymm20", a -> a.vpmovzxwd(zmm(3), ymm(20)));
    put("vpmovdb [rdi+16], zmm18", a -> a.vpmovdb(Mem.at(RDI, 16), zmm(18), Modifiers.NONE));
    put("vpmovdb [rdi+3]{k1}, ymm1", a -> a.vpmovdb(Mem.at(RDI, 3), ymm(1), Modifiers.merging(K1)));
    put("vpxor xmm1, xmm2, xmm3", a -> a.vpxor(xmm(1), xmm(2), xmm(3)));
  }

  private void tiles() {
    put("ldtilecfg [rax]", a -> a.ldtilecfg(Mem.at(RAX)));
    put("tilerelease", Assembler::tilerelease);
    put("tilezero tmm7", a -> a.tilezero(TMM7));
    put("tileloadd tmm1, [r10+r9*1+64]", a -> a.tileloadd(TMM1, Mem.at(R10, R9, 1, 64)));
    put("tilestored [r10+r9*1], tmm2", a -> a.tilestored(Mem.at(R10, R9, 1, 0), TMM2));
    put("tileloadd tmm7, [r13+rbx*1]", a -> a.tileloadd(TMM7, Mem.at(R13, RBX, 1, 0)));
    put("tileloadd tmm7, [rbp+rdi*1]", a -> a.tileloadd(TMM7, Mem.at(RBP, RDI, 1, 0)));
    put("tileloadd tmm1, [rax+r15*1+4096]", a -> a.tileloadd(TMM1, Mem.at(RAX, R15, 1, 4096)));
    put("tilestored [rsp+rbx*1+64], tmm2", a -> a.tilestored(Mem.at(RSP, RBX, 1, 64), TMM2));
    put("tdpbusd tmm1, tmm2, tmm7", a -> a.tdpbusd(TMM1, TMM2, TMM7));
    put("tdpbssd tmm1, tmm2, tmm7", a -> a.tdpbssd(TMM1, TMM2, TMM7));
    put("tdpbsud tmm1, tmm2, tmm7", a -> a.tdpbsud(TMM1, TMM2, TMM7));
    put("tdpbuud tmm1, tmm2, tmm7", a -> a.tdpbuud(TMM1, TMM2, TMM7));
    put("tdpbf16ps tmm1, tmm2, tmm7", a -> a.tdpbf16ps(TMM1, TMM2, TMM7));
  }

  private void convolutions() {
    put("dec qword ptr [rsp+24]", a -> a.dec(Mem.at(RSP, 24)));
    put("dec qword ptr [r13+24]", a -> a.dec(Mem.at(R13, 24)));
    put("{load} movzx r9, byte ptr [rdi+3]", a -> a.movzxByte(R9, Mem.at(RDI, 3)));
    put("{load} movzx rax, cl", a -> a.movzxByte(RAX, RCX));
    put("mov [rdi+6], ax", a -> a.movWord(Mem.at(RDI, 6), RAX));
    put("mov [r12+6], r9w", a -> a.movWord(Mem.at(R12, 6), R9));
    put("sub r9, rcx", a -> a.sub(R9, RCX));
    put("vpdpbusd zmm8, zmm29, [rdi+64]", a -> a.vpdpbusd(zmm(8), zmm(29), Mem.at(RDI, 64)));
    put("vpunpcklbw zmm8, zmm29, zmm10", a -> a.vpunpcklbw(zmm(8), zmm(29), zmm(10)));
    put("vpunpckhbw zmm8, zmm29, zmm10", a -> a.vpunpckhbw(zmm(8), zmm(29), zmm(10)));
    put("vpunpcklwd xmm8, xmm9, xmm10", a -> a.vpunpcklwd(xmm(8), xmm(9), xmm(10)));
    put("vpunpckhwd zmm8, zmm29, zmm10", a -> a.vpunpckhwd(zmm(8), zmm(29), zmm(10)));
    put("kmovq k2, rax", a -> a.kmovq(K2, RAX));
    put("vpmovzxbw ymm8, xmm3", a -> a.vpmovzxbw(ymm(8), xmm(3)));
    put("vaddps zmm1, zmm17, [rdi+64]", a -> a.vaddps(zmm(1), zmm(17), Mem.at(RDI, 64)));
    put("vminps zmm1, zmm17, [rdi+64]", a -> a.vminps(zmm(1), zmm(17), Mem.at(RDI, 64)));
    put("vmaxps ymm1, ymm7, [rdi+64]", a -> a.vmaxps(ymm(1), ymm(7), Mem.at(RDI, 64)));
    put("vroundps ymm1, ymm7, 0", a -> a.vrndps(ymm(1), ymm(7)));
    put("vrndscaleps zmm1, zmm17, 0", a -> a.vrndps(zmm(1), zmm(17)));
    put("vpsubd zmm1, zmm17, [rdi+64]", a -> a.vpsubd(zmm(1), zmm(17), Mem.at(RDI, 64)));
    put("vpaddsw zmm1, zmm17, zmm2", a -> a.vpaddsw(zmm(1), zmm(17), zmm(2)));
    put("vpermd zmm1, zmm17, zmm2", a -> a.vpermd(zmm(1), zmm(17), zmm(2)));
    put("vpermd ymm1, ymm7, ymm2", a -> a.vpermd(ymm(1), ymm(7), ymm(2)));
    put(
        "vcvtph2ps zmm3{k1}{z}, [rdi+32]",
        a -> a.vcvtph2ps(zmm(3), Mem.at(RDI, 32), Modifiers.zeroing(K1)));
    put("vcvtph2ps ymm3, xmm4", a -> a.vcvtph2ps(ymm(3), xmm(4)));
    put(
        "vcvtps2ph [rdi+32]{k1}, zmm19, 4",
        a -> a.vcvtps2ph(Mem.at(RDI, 32), zmm(19), Modifiers.merging(K1)));
    put("vcvtps2ph xmm3, ymm4, 4", a -> a.vcvtps2ph(xmm(3), ymm(4)));
    put("vpmovsxbd ymm8, [rdi+8]", a -> a.vpmovsxbd(ymm(8), Mem.at(RDI, 8), Modifiers.NONE));
    put(
        "vpmovsxbd zmm8{k1}{z}, [rdi+32]",
        a -> a.vpmovsxbd(zmm(8), Mem.at(RDI, 32), Modifiers.zeroing(K1)));
    put("vpmovsxbd ymm8, xmm3", a -> a.vpmovsxbd(ymm(8), xmm(3)));
    put("vpmovzxbd ymm8, xmm3", a -> a.vpmovzxbd(ymm(8), xmm(3)));
    put("vextracti32x4 [rdi+32], zmm18, 3", a -> a.vextracti32x4(Mem.at(RDI, 32), zmm(18), 3));
    put("vextracti32x4 xmm3, zmm18, 2", a -> a.vextracti32x4(xmm(3), zmm(18), 2));
    put("vextracti64x4 [rdi+32], zmm18, 1", a -> a.vextracti64x4(Mem.at(RDI, 32), zmm(18)));
    put("vextracti64x4 ymm3, zmm18, 1", a -> a.vextracti64x4(ymm(3), zmm(18)));
    put(
        "vinserti32x4 zmm3, zmm18, [rdi+32], 2",
        a -> a.vinserti32x4(zmm(3), zmm(18), Mem.at(RDI, 32), 2));
    put(
        "vinserti64x4 zmm19, zmm18, [r12+32], 1",
        a -> a.vinserti64x4(zmm(19), zmm(18), Mem.at(R12, 32)));
    put(
        "vmovdqu8 [rdi+32]{k1}, ymm18",
        a -> a.vmovdqu8(Mem.at(RDI, 32), ymm(18), Modifiers.merging(K1)));
    put("vmovq qword ptr [rdi+8], xmm3", a -> a.vmovq(Mem.at(RDI, 8), xmm(3)));
    put("vmovd dword ptr [rdi+8], xmm3", a -> a.vmovd(Mem.at(RDI, 8), xmm(3)));
    put("vpinsrb xmm3, xmm3, [rdi+8], 5", a -> a.vpinsrb(xmm(3), Mem.at(RDI, 8), 5));
    put("vpinsrw xmm3, xmm3, [r12+8], 5", a -> a.vpinsrw(xmm(3), Mem.at(R12, 8), 5));
    put("vpextrb [rdi+8], xmm3, 5", a -> a.vpextrb(Mem.at(RDI, 8), xmm(3), 5));
    put("vpextrw [rdi+8], xmm13, 5", a -> a.vpextrw(Mem.at(RDI, 8), xmm(13), 5));
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
}
