package io.compresso.kernel.jit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** What the kernels need of Linux, through the C library. */
final class SystemCalls {
  static final int READ_WRITE = 3;
  static final int READ_EXECUTE = 5;
  private static final int PRIVATE_ANONYMOUS = 0x22;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle MMAP =
      handle(
          "mmap",
          FunctionDescriptor.of(
              ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MPROTECT =
      handle("mprotect", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final MethodHandle MUNMAP =
      handle("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
  private static final MethodHandle GETAUXVAL =
      handle("getauxval", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
  private static final MethodHandle SYSCALL =
      handle(
          "syscall",
          FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
          Linker.Option.firstVariadicArg(1));

  private SystemCalls() {}

  private static MethodHandle handle(
      String symbol, FunctionDescriptor descriptor, Linker.Option... options) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().find(symbol).orElseThrow(), descriptor, options);
  }

  /**
   * New pages that can be read and written.
   *
   * @throws IllegalStateException if the system refuses
   */
  static MemorySegment map(long bytes) {
    try {
      MemorySegment mapped =
          (MemorySegment)
              MMAP.invokeExact(MemorySegment.NULL, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
      if (mapped.address() == -1) {
        throw new IllegalStateException("mmap of " + bytes + " bytes failed");
      }
      return mapped.reinterpret(bytes);
    } catch (Throwable thrown) {
      throw unchecked(thrown);
    }
  }

  /** Whether the pages are now protected as said. */
  static boolean protect(MemorySegment pages, int protection) {
    try {
      return (int) MPROTECT.invokeExact(pages, pages.byteSize(), protection) == 0;
    } catch (Throwable thrown) {
      throw unchecked(thrown);
    }
  }

  static void unmap(MemorySegment pages) {
    try {
      int _ = (int) MUNMAP.invokeExact(pages, pages.byteSize());
    } catch (Throwable thrown) {
      throw unchecked(thrown);
    }
  }

  /** A value of the auxiliary vector, 0 if there is none of the type. */
  static long auxiliaryValue(long type) {
    try {
      return (long) GETAUXVAL.invokeExact(type);
    } catch (Throwable thrown) {
      throw unchecked(thrown);
    }
  }

  /** A system call of three arguments; -1 for an error. */
  static long call(long number, long first, long second, long third) {
    try {
      return (long) SYSCALL.invokeExact(number, first, second, third);
    } catch (Throwable thrown) {
      throw unchecked(thrown);
    }
  }

  private static RuntimeException unchecked(Throwable thrown) {
    switch (thrown) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(thrown);
    }
  }
}
