package io.compresso.kernel.jit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Calls of generated code: one handle for each signature. */
public final class NativeCall {
  private static final MethodHandle BLOCK =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.ofVoid(
                  ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS));

  private static final MethodHandle BLOCK_AT =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.ofVoid(
                  JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));

  private static final MethodHandle TILES =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.ofVoid(
                  JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                  JAVA_LONG));

  private static final MethodHandle TILE =
      Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.ofVoid(
                  JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                  JAVA_LONG));

  private NativeCall() {}

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
    try {
      TILES.invokeExact(code, a, b, c, constants, rows, panels, residual, table);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable thrown) {
      throw new IllegalStateException(thrown);
    }
  }

  /** Calls {@code code(a, b, c, constants, first, second, mask)}. */
  public static void block(
      MemorySegment code,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      MemorySegment constants,
      long first,
      long second,
      MemorySegment mask) {
    try {
      BLOCK.invokeExact(code, a, b, c, constants, first, second, mask);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable thrown) {
      throw new IllegalStateException(thrown);
    }
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
    try {
      BLOCK_AT.invokeExact(code, a, b, c, constants, first, second, mask);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable thrown) {
      throw new IllegalStateException(thrown);
    }
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
    try {
      TILE.invokeExact(code, a, b, c, columns, rows, frame, first, second);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable thrown) {
      throw new IllegalStateException(thrown);
    }
  }
}
