package io.compresso.kernel.jit;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/**
 * Calls of machine code: generated, or of the C library. All go through one handle of eight
 * integers, since every signature has to be linked when it is first used: what a callee does not
 * take, it does not see, by the calling conventions of x86-64 (System V) and AArch64.
 */
public final class NativeCall {
  private static final MethodHandle CALL =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.of(
                  JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                  JAVA_LONG, JAVA_LONG));

  private NativeCall() {}

  private static long call(
      MemorySegment code, long a, long b, long c, long d, long e, long f, long g, long h) {
    try {
      return (long) CALL.invokeExact(code, a, b, c, d, e, f, g, h);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable thrown) {
      throw new IllegalStateException(thrown);
    }
  }

  /** What a function of up to six integers gives: {@code function(a, b, c, d, e, f)}. */
  static long function(MemorySegment function, long a, long b, long c, long d, long e, long f) {
    return call(function, a, b, c, d, e, f, 0, 0);
  }

  /**
   * Calls {@code code(a, b, c, constants, rows, panels, residual, table)} with addresses of memory
   * that the caller keeps alive.
   */
  public static void tiles(
      MemorySegment code,
      long a,
      long b,
      long c,
      long constants,
      long rows,
      long panels,
      long residual,
      long table) {
    call(code, a, b, c, constants, rows, panels, residual, table);
  }

  /**
   * Calls {@code code(a, b, c, constants, first, second, mask)}.
   *
   * @throws IllegalArgumentException if a segment lies on the heap or is freed
   */
  public static void block(
      MemorySegment code,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment constants,
      long first,
      long second,
      MemorySegment mask) {
    call(
        code,
        address(a),
        address(b),
        address(c),
        address(constants),
        first,
        second,
        address(mask),
        0);
    Reference.reachabilityFence(a);
    Reference.reachabilityFence(b);
    Reference.reachabilityFence(c);
    Reference.reachabilityFence(constants);
    Reference.reachabilityFence(mask);
  }

  /** Calls {@code code(a, b)} with addresses or numbers; the caller keeps the memory alive. */
  public static void pair(MemorySegment code, long a, long b) {
    call(code, a, b, 0, 0, 0, 0, 0, 0);
  }

  /**
   * Calls {@code code(a, b, c, constants, first, second, mask)} with addresses of memory that the
   * caller keeps alive.
   */
  public static void block(
      MemorySegment code,
      long a,
      long b,
      long c,
      long constants,
      long first,
      long second,
      long mask) {
    call(code, a, b, c, constants, first, second, mask, 0);
  }

  /**
   * Calls {@code code(a, b, c, columns, rows, frame, first, second)} with addresses of memory that
   * the caller keeps alive.
   */
  public static void tile(
      MemorySegment code,
      long a,
      long b,
      long c,
      long columns,
      long rows,
      long frame,
      long first,
      long second) {
    call(code, a, b, c, columns, rows, frame, first, second);
  }

  private static long address(MemorySegment segment) {
    if (!segment.isNative() || !segment.scope().isAlive()) {
      throw new IllegalArgumentException("machine code takes native memory that is not freed");
    }
    return segment.address();
  }
}
