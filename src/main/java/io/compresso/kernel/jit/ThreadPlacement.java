package io.compresso.kernel.jit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.BitSet;
import java.util.Optional;

/**
 * Where Linux runs a thread. A thread that is woken often lands on the processor of its waker and
 * stays there while others are idle or less busy; so a helper is kept off the processor on which
 * the thread runs that it is to help. Elsewhere, or where the system refuses, nothing happens.
 */
public final class ThreadPlacement {
  /** The placement of a thread that is never moved. */
  private static final ThreadPlacement NOWHERE = new ThreadPlacement(-1);

  private static final long MASK_BYTES = 128;

  private final int thread;
  private int avoided = -1;

  private ThreadPlacement(int thread) {
    this.thread = thread;
  }

  /** The placement of the calling thread, a platform thread, which others may change later. */
  public static ThreadPlacement ofCurrentThread() {
    return Calls.INSTANCE.map(calls -> new ThreadPlacement(calls.currentThread())).orElse(NOWHERE);
  }

  /** The processor that the calling thread is on, a negative number where it is not known. */
  public static int currentProcessor() {
    return Calls.INSTANCE.isEmpty() ? -1 : Calls.INSTANCE.get().currentProcessor();
  }

  /**
   * Keeps the thread off a processor, if there is another one that it may use. A thread that keeps
   * itself off its own processor is moved at once.
   *
   * @param processor as {@link #currentProcessor} gives it
   */
  public synchronized void avoid(int processor) {
    if (this != NOWHERE && processor >= 0 && processor != avoided) {
      avoided = processor;
      Calls.INSTANCE.orElseThrow().keepOff(thread, processor);
    }
  }

  /** The system calls; empty where there are none. */
  private record Calls(
      MethodHandle thread, MethodHandle processor, MethodHandle setAffinity, BitSet allowed) {
    static final Optional<Calls> INSTANCE = link();

    private static Optional<Calls> link() {
      if (!System.getProperty("os.name", "").equals("Linux")) {
        return Optional.empty();
      }
      FunctionDescriptor number = FunctionDescriptor.of(JAVA_INT);
      FunctionDescriptor affinity = FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS);
      try {
        Optional<MethodHandle> thread = handle("gettid", number);
        Optional<MethodHandle> processor = handle("sched_getcpu", number);
        Optional<MethodHandle> set = handle("sched_setaffinity", affinity);
        Optional<MethodHandle> get = handle("sched_getaffinity", affinity);
        if (thread.isEmpty() || processor.isEmpty() || set.isEmpty() || get.isEmpty()) {
          return Optional.empty();
        }
        BitSet allowed = allowed(get.get());
        return allowed.cardinality() < 2
            ? Optional.empty()
            : Optional.of(new Calls(thread.get(), processor.get(), set.get(), allowed));
      } catch (IllegalCallerException | UnsupportedOperationException _) {
        return Optional.empty();
      }
    }

    private static Optional<MethodHandle> handle(String symbol, FunctionDescriptor descriptor) {
      Linker linker = Linker.nativeLinker();
      return linker
          .defaultLookup()
          .find(symbol)
          .map(address -> linker.downcallHandle(address, descriptor));
    }

    /** The processors that this process may use. */
    private static BitSet allowed(MethodHandle getAffinity) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment mask = arena.allocate(MASK_BYTES);
        int result = (int) getAffinity.invokeExact(0, MASK_BYTES, mask);
        return result < 0 ? new BitSet() : BitSet.valueOf(mask.toArray(JAVA_BYTE));
      } catch (Throwable thrown) {
        throw unexpected(thrown);
      }
    }

    int currentThread() {
      try {
        return (int) thread.invokeExact();
      } catch (Throwable thrown) {
        throw unexpected(thrown);
      }
    }

    int currentProcessor() {
      try {
        return (int) processor.invokeExact();
      } catch (Throwable thrown) {
        throw unexpected(thrown);
      }
    }

    void keepOff(int target, int avoided) {
      BitSet others = (BitSet) allowed.clone();
      others.clear(avoided);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment mask = arena.allocate(MASK_BYTES);
        mask.copyFrom(MemorySegment.ofArray(others.toByteArray()));
        int _ = (int) setAffinity.invokeExact(target, MASK_BYTES, mask);
      } catch (Throwable thrown) {
        throw unexpected(thrown);
      }
    }

    private static RuntimeException unexpected(Throwable thrown) {
      if (thrown instanceof Error error) {
        throw error;
      }
      return thrown instanceof RuntimeException e ? e : new IllegalStateException(thrown);
    }
  }
}
