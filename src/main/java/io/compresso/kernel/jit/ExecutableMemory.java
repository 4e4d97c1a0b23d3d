package io.compresso.kernel.jit;

import io.compresso.kernel.Acceptance;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Pages of machine code: written first, made executable then, never both at a time, and unmapped
 * when closed, which no call may overlap. Linux only.
 */
public final class ExecutableMemory implements AutoCloseable {
  private static final long PAGE = 4096;
  private static final AtomicLong LIVE_BYTES = new AtomicLong();

  private final MemorySegment pages;
  private final MemorySegment code;
  private final AtomicBoolean closed = new AtomicBoolean();

  private ExecutableMemory(MemorySegment pages, long codeBytes) {
    this.pages = pages;
    this.code = pages.asSlice(0, codeBytes);
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
    MemorySegment pages = SystemCalls.map(wholePages(code.length));
    pages.copyFrom(MemorySegment.ofArray(code));
    if (!SystemCalls.protect(pages, SystemCalls.READ_EXECUTE)) {
      SystemCalls.unmap(pages);
      throw new IllegalStateException("the system does not allow pages to become executable");
    }
    InstructionCache.synchronize(pages.asSlice(0, code.length));
    LIVE_BYTES.addAndGet(pages.byteSize());
    return new ExecutableMemory(pages, code.length);
  }

  /** Bytes of the pages that hold so many bytes. */
  static long wholePages(long bytes) {
    return Math.max(1, Math.ceilDiv(bytes, PAGE)) * PAGE;
  }

  /** The code, from the first instruction on. */
  public MemorySegment entry() {
    return code;
  }

  /** Unmaps the pages. */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    LIVE_BYTES.addAndGet(-pages.byteSize());
    SystemCalls.unmap(pages);
  }

  private static final class Probe {
    static final Acceptance RESULT = probe();

    static {
      RESULT
          .refusal()
          .ifPresent(reason ->
              System.getLogger(ExecutableMemory.class.getName())
                  .log(System.Logger.Level.WARNING, "kernels are not machine code: {0}", reason));
    }

    private static Acceptance probe() {
      if (!System.getProperty("os.name", "").equals("Linux")) {
        return Acceptance.no("machine code is made on Linux only");
      }
      try (ExecutableMemory _ = of(new byte[] {0})) {
        return Acceptance.YES;
      } catch (IllegalStateException | IllegalCallerException | UnsupportedOperationException e) {
        return Acceptance.no("machine code is not allowed: " + e.getMessage());
      } catch (LinkageError e) {
        // The handle of calls could not be made, now or before.
        return Acceptance.no("machine code is not allowed: " + e.getCause());
      }
    }
  }
}
