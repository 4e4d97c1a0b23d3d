package io.compresso.kernel.jit;

import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;

/** What the kernels need of Linux, through the C library. */
final class SystemCalls {
  static final int READ_WRITE = 3;
  static final int READ_EXECUTE = 5;
  private static final int PRIVATE_ANONYMOUS = 0x22;
  private static final int HUGE_PAGES = 14;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MemorySegment MMAP = symbol("mmap");
  private static final MemorySegment MPROTECT = symbol("mprotect");
  private static final MemorySegment MUNMAP = symbol("munmap");
  private static final MemorySegment MADVISE = symbol("madvise");
  private static final MemorySegment GETAUXVAL = symbol("getauxval");
  private static final MemorySegment SYSCALL = symbol("syscall");

  private SystemCalls() {}

  private static MemorySegment symbol(String name) {
    return LINKER.defaultLookup().find(name).orElseThrow();
  }

  /**
   * New pages that can be read and written.
   *
   * @throws IllegalStateException if the system refuses
   */
  static MemorySegment map(long bytes) {
    long address = NativeCall.function(MMAP, 0, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
    if (address == -1) {
      throw new IllegalStateException("mmap of " + bytes + " bytes failed");
    }
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  /** Whether the pages are now protected as said. */
  static boolean protect(MemorySegment pages, int protection) {
    return (int)
            NativeCall.function(MPROTECT, pages.address(), pages.byteSize(), protection, 0, 0, 0)
        == 0;
  }

  static void unmap(MemorySegment pages) {
    NativeCall.function(MUNMAP, pages.address(), pages.byteSize(), 0, 0, 0, 0);
  }

  /** Lets the system back memory by large pages ({@code MADV_HUGEPAGE}), if it does that. */
  static void preferLargePages(MemorySegment pages) {
    NativeCall.function(MADVISE, pages.address(), pages.byteSize(), HUGE_PAGES, 0, 0, 0);
  }

  /** A value of the auxiliary vector, 0 if there is none of the type. */
  static long auxiliaryValue(long type) {
    return NativeCall.function(GETAUXVAL, type, 0, 0, 0, 0, 0);
  }

  /** A system call of three arguments; -1 for an error. */
  static long call(long number, long first, long second, long third) {
    return NativeCall.function(SYSCALL, number, first, second, third, 0, 0);
  }
}
