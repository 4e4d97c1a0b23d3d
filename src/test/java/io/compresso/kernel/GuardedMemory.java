package io.compresso.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A stretch of memory between two pages, of any size of pages up to 64 KB, that must not be
 * touched.
 */
public final class GuardedMemory {
  public static final long PAGE = 1 << 16;
  private static final int PROT_NONE = 0;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;

  private static final MethodHandle MMAP =
      handle(
          "mmap",
          FunctionDescriptor.of(
              ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MPROTECT =
      handle("mprotect", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));

  /** Where in the stretch a buffer lies. */
  public enum Place {
    BEGINS_AFTER_A_GUARD,
    ENDS_AT_A_GUARD
  }

  private final MemorySegment inner;

  /** Memory for buffers of up to {@code bytes} bytes; it is never freed. */
  public GuardedMemory(long bytes) {
    long size = Math.ceilDiv(bytes, PAGE) * PAGE;
    try {
      MemorySegment whole =
          (MemorySegment)
              MMAP.invokeExact(
                  MemorySegment.NULL, size + 2 * PAGE, PROT_NONE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      inner = MemorySegment.ofAddress(whole.address() + PAGE).reinterpret(size);
      if ((int) MPROTECT.invokeExact(inner, size, PROT_READ_WRITE) != 0) {
        throw new IllegalStateException("mprotect failed");
      }
    } catch (Throwable thrown) {
      throw new IllegalStateException(thrown);
    }
  }

  /** A buffer at one end. */
  public MemorySegment buffer(long bytes, Place place) {
    return switch (place) {
      case BEGINS_AFTER_A_GUARD -> inner.asSlice(0, bytes);
      case ENDS_AT_A_GUARD -> inner.asSlice(inner.byteSize() - bytes, bytes);
    };
  }

  private static MethodHandle handle(String symbol, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().find(symbol).orElseThrow(), descriptor);
  }
}
