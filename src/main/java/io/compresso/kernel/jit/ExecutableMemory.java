package io.compresso.kernel.jit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.compresso.kernel.Acceptance;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Pages of machine code: written first, made executable then, never both at a time, and unmapped
 * when closed, which no call may overlap. Linux only.
 */
public final class ExecutableMemory implements AutoCloseable {
  private static final long PAGE = 4096;
  private static final int READ_WRITE = 3;
  private static final int READ_EXECUTE = 5;
  private static final int PRIVATE_ANONYMOUS = 0x22;
  private static final AtomicLong LIVE_BYTES = new AtomicLong();

  private final MemorySegment pages;
  private final AtomicBoolean closed = new AtomicBoolean();

  private ExecutableMemory(MemorySegment pages) {
    this.pages = pages;
  }

  /** Whether this system lets the JVM run code that it has written, or why not. */
  public static Acceptance allowed() {
    return Probe.RESULT;
  }

  /** Bytes of code pages that are not closed. */
  public static long liveBytes() {
    return LIVE_BYTES.get();
  }

  /**
   * Copies {@code code} into pages of its own.
   *
   * @throws IllegalStateException if the system refuses
   */
  public static ExecutableMemory of(byte[] code) {
    long size = Math.max(1, Math.ceilDiv(code.length, PAGE)) * PAGE;
    try {
      MemorySegment mapped =
          (MemorySegment)
              Calls.MMAP.invokeExact(
                  MemorySegment.NULL, size, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
      if (mapped.address() == -1) {
        throw new IllegalStateException("mmap of " + size + " bytes for code failed");
      }
      MemorySegment pages = mapped.reinterpret(size);
      pages.copyFrom(MemorySegment.ofArray(code));
      if ((int) Calls.MPROTECT.invokeExact(pages, size, READ_EXECUTE) != 0) {
        int _ = (int) Calls.MUNMAP.invokeExact(pages, size);
        throw new IllegalStateException("the system does not allow pages to become executable");
      }
      LIVE_BYTES.addAndGet(size);
      return new ExecutableMemory(pages);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable thrown) {
      throw new IllegalStateException(thrown);
    }
  }

  /** The address of the first instruction. */
  public MemorySegment entry() {
    return pages;
  }

  /** Unmaps the pages. */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    LIVE_BYTES.addAndGet(-pages.byteSize());
    try {
      int _ = (int) Calls.MUNMAP.invokeExact(pages, pages.byteSize());
    } catch (Throwable thrown) {
      throw new IllegalStateException(thrown);
    }
  }

  private static final class Calls {
    private static final Linker LINKER = Linker.nativeLinker();

    static final MethodHandle MMAP =
        handle(
            "mmap",
            FunctionDescriptor.of(
                ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    static final MethodHandle MPROTECT =
        handle("mprotect", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    static final MethodHandle MUNMAP =
        handle("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));

    private static MethodHandle handle(String symbol, FunctionDescriptor descriptor) {
      return LINKER.downcallHandle(LINKER.defaultLookup().find(symbol).orElseThrow(), descriptor);
    }
  }

  private static final class Probe {
    static final Acceptance RESULT = probe();

    private static Acceptance probe() {
      if (!System.getProperty("os.name", "").equals("Linux")) {
        return Acceptance.no("machine code is made on Linux only");
      }
      try (ExecutableMemory _ = of(new byte[] {0})) {
        return Acceptance.YES;
      } catch (IllegalStateException | IllegalCallerException | UnsupportedOperationException e) {
        return Acceptance.no("machine code is not allowed: " + e.getMessage());
      }
    }
  }
}
