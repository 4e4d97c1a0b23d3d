package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.x86.TileRoutines.Product;
import org.jspecify.annotations.Nullable;

/**
 * An assembler for machines without AMX: each instruction on tiles becomes a call of code of
 * AVX-512 VNNI ({@link TileRoutines}) on the thread's block of the {@link TileFile}, which changes
 * nothing else: neither registers nor flags nor the memory below the stack. What the hardware
 * refuses, and a return with configured tiles, is noted there.
 */
class EmulatedTiles extends HostAssembler {
  private static final int RED_ZONE = 128;
  private static final int PUSHED = RED_ZONE + 4 * 8;

  private void call(TileRoutines routine, @Nullable Mem operand) {
    lea(Gpr.RSP, Mem.at(Gpr.RSP, -RED_ZONE));
    pushfq();
    push(Gpr.RAX);
    push(Gpr.RCX);
    push(Gpr.RDX);
    if (operand != null) {
      if (operand.scale() != 1) {
        throw new IllegalArgumentException("a scaled stride is not emulated: " + operand);
      }
      push(operand.index() == null ? Gpr.RAX : operand.index());
      int moved = operand.base() == Gpr.RSP ? PUSHED + 8 : 0;
      lea(Gpr.RAX, Mem.at(operand.base(), operand.displacement() + moved));
      pop(Gpr.RCX);
      if (operand.index() == null) {
        mov(Gpr.RCX, 0);
      }
    }
    mov(Gpr.RDX, routine.address());
    call(Gpr.RDX);
    pop(Gpr.RDX);
    pop(Gpr.RCX);
    pop(Gpr.RAX);
    popfq();
    lea(Gpr.RSP, Mem.at(Gpr.RSP, RED_ZONE));
  }

  @Override
  void ret() {
    call(TileRoutines.ofReturn(), null);
    super.ret();
  }

  @Override
  void ldtilecfg(Mem operand) {
    call(TileRoutines.ofConfiguration(), operand);
  }

  @Override
  void tilerelease() {
    call(TileRoutines.ofRelease(), null);
  }

  @Override
  void tilezero(Tile target) {
    call(TileRoutines.ofZero(target), null);
  }

  @Override
  void tileloadd(Tile target, Mem source) {
    call(TileRoutines.ofLoad(target), source);
  }

  @Override
  void tilestored(Mem target, Tile source) {
    call(TileRoutines.ofStore(source), target);
  }

  @Override
  void tdpbusd(Tile target, Tile left, Tile right) {
    call(TileRoutines.of(Product.TDPBUSD, target, left, right), null);
  }

  @Override
  void tdpbssd(Tile target, Tile left, Tile right) {
    call(TileRoutines.of(Product.TDPBSSD, target, left, right), null);
  }

  @Override
  void tdpbsud(Tile target, Tile left, Tile right) {
    call(TileRoutines.of(Product.TDPBSUD, target, left, right), null);
  }

  @Override
  void tdpbuud(Tile target, Tile left, Tile right) {
    call(TileRoutines.of(Product.TDPBUUD, target, left, right), null);
  }

  @Override
  void tdpbf16ps(Tile target, Tile left, Tile right) {
    call(TileRoutines.of(Product.TDPBF16PS, target, left, right), null);
  }
}
