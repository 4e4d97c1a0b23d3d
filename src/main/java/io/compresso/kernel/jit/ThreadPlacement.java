package io.compresso.kernel.jit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
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

  /** The functions of the C library; empty where there are none. */
  private record Calls(
      MemorySegment thread, MemorySegment processor, MemorySegment setAffinity, BitSet allowed) {
    static final Optional<Calls> INSTANCE = link();

    private static Optional<Calls> link() {
      if (!System.getProperty("os.name", "").equals("Linux")) {
        return Optional.empty();
      }
      try {
        SymbolLookup library = Linker.nativeLinker().defaultLookup();
        Optional<MemorySegment> thread = library.find("gettid");
        Optional<MemorySegment> processor = library.find("sched_getcpu");
        Optional<MemorySegment> set = library.find("sched_setaffinity");
        Optional<MemorySegment> get = library.find("sched_getaffinity");
        if (thread.isEmpty() || processor.isEmpty() || set.isEmpty() || get.isEmpty()) {
          return Optional.empty();
        }
        BitSet allowed = allowed(get.get());
        return allowed.cardinality() < 2
            ? Optional.empty()
            : Optional.of(new Calls(thread.get(), processor.get(), set.get(), allowed));
      } catch (UnsupportedOperationException | LinkageError _) {
        return Optional.empty();
      }
    }

    /** The processors that this process may use. */
    private static BitSet allowed(MemorySegment getAffinity) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment mask = arena.allocate(MASK_BYTES);
        int result = (int) NativeCall.function(getAffinity, 0, MASK_BYTES, mask.address(), 0, 0, 0);
        return result < 0 ? new BitSet() : BitSet.valueOf(mask.toArray(JAVA_BYTE));
      }
    }

    int currentThread() {
      return (int) NativeCall.function(thread, 0, 0, 0, 0, 0, 0);
    }

    int currentProcessor() {
      return (int) NativeCall.function(processor, 0, 0, 0, 0, 0, 0);
    }

    void keepOff(int target, int avoided) {
      BitSet others = (BitSet) allowed.clone();
      others.clear(avoided);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment mask = arena.allocate(MASK_BYTES);
        mask.copyFrom(MemorySegment.ofArray(others.toByteArray()));
        NativeCall.function(setAffinity, target, MASK_BYTES, mask.address(), 0, 0, 0);
      }
    }
  }
}
