package io.compresso.kernel.jit.x86;

import io.compresso.kernel.jit.CodeBuffer.Label;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.x86.Assembler.Condition;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.List;

/**
 * Calls of machine code with eight parameters each, one after the other, whose addresses lie side
 * by side: a run reads no objects but this one, which other work may have driven out of the caches.
 */
final class CallSequence implements Runnable {
  private static final int PARAMETERS = 8;
  private static final long CALL_BYTES = 8L * (1 + PARAMETERS);
  private static final Gpr[] REGISTERS = {Gpr.RDI, Gpr.RSI, Gpr.RDX, Gpr.RCX, Gpr.R8, Gpr.R9};
  private static final Gpr PLACE = Gpr.RBX;
  private static final Gpr LEFT = Gpr.RBP;

  private static final CodeCache.Lease CODE =
      CodeCache.lease(CallSequence.class, CallSequence::generate);

  private final MemorySegment table;
  private final int count;

  /** A call of code, whose user keeps it and what the parameters point to alive. */
  record Call(MemorySegment code, long... parameters) {
    Call {
      if (parameters.length != PARAMETERS) {
        throw new IllegalArgumentException(parameters.length + " parameters");
      }
    }
  }

  CallSequence(List<Call> calls) {
    this.count = calls.size();
    this.table = Arena.ofAuto().allocate(CALL_BYTES * count, 64);
    long at = 0;
    for (Call call : calls) {
      table.set(ValueLayout.JAVA_LONG, at, call.code.address());
      for (int i = 0; i < PARAMETERS; i++) {
        table.set(ValueLayout.JAVA_LONG, at + 8L * (1 + i), call.parameters[i]);
      }
      at += CALL_BYTES;
    }
  }

  @Override
  public void run() {
    if (count > 0) {
      NativeCall.pair(CODE.entry(), table.address(), count);
      Reference.reachabilityFence(this);
    }
  }

  /** {@code void f(calls, count)} by the System V calling convention. */
  private static byte[] generate() {
    Assembler a = new Assembler();
    a.push(PLACE);
    a.push(LEFT);
    a.add(Gpr.RSP, -8);
    a.mov(PLACE, Gpr.RDI);
    a.mov(LEFT, Gpr.RSI);
    Label next = a.here();
    for (int i = PARAMETERS - 1; i >= REGISTERS.length; i--) {
      a.mov(Gpr.RAX, parameter(i));
      a.push(Gpr.RAX);
    }
    for (int i = 0; i < REGISTERS.length; i++) {
      a.mov(REGISTERS[i], parameter(i));
    }
    a.call(Mem.at(PLACE));
    a.add(Gpr.RSP, 8L * (PARAMETERS - REGISTERS.length));
    a.add(PLACE, CALL_BYTES);
    a.dec(LEFT);
    a.jump(Condition.NOT_EQUAL, next);
    a.add(Gpr.RSP, 8);
    a.pop(LEFT);
    a.pop(PLACE);
    a.ret();
    return a.toBytes();
  }

  private static Mem parameter(int index) {
    return Mem.at(PLACE, 8L * (1 + index));
  }
}
