package io.compresso.kernel.panel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Memory for the length of a call, kept for later calls in a bounded pool of the process.
 *
 * <p>The bytes are not zeroed. What the pool does not keep is left to the garbage collector.
 */
public final class Scratch implements AutoCloseable {
  private static final int LEAST_CLASS = 12;
  private static final int GREATEST_CLASS = 26;
  private static final int KEPT_PER_CLASS =
      Math.max(4, 2 * Runtime.getRuntime().availableProcessors());

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static final ArrayBlockingQueue<Scratch>[] POOLS =
      new ArrayBlockingQueue[GREATEST_CLASS + 1];

  static {
    for (int i = LEAST_CLASS; i <= GREATEST_CLASS; i++) {
      POOLS[i] = new ArrayBlockingQueue<>(KEPT_PER_CLASS);
    }
  }

  private static final Scratch NOTHING =
      new Scratch(GREATEST_CLASS + 1, Arena.global().allocate(0, 64));

  /** Makes memory, aligned to 64, in the place of the pool: of the tests, between guard pages. */
  private static volatile @Nullable LongFunction<MemorySegment> source;

  private final int sizeClass;
  private final MemorySegment memory;
  private long bytes;

  private Scratch(int sizeClass, MemorySegment memory) {
    this.sizeClass = sizeClass;
    this.memory = memory;
  }

  /** From now on memory is made so; null for the pool. */
  static void makeBy(@Nullable LongFunction<MemorySegment> maker) {
    source = maker;
  }

  /** Memory of {@code bytes} bytes, aligned to 64. */
  public static Scratch of(long bytes) {
    if (bytes == 0) {
      return NOTHING;
    }
    LongFunction<MemorySegment> maker = source;
    if (maker != null) {
      Scratch made = new Scratch(GREATEST_CLASS + 1, maker.apply(bytes));
      made.bytes = bytes;
      return made;
    }
    int sizeClass = Math.max(LEAST_CLASS, 64 - Long.numberOfLeadingZeros(Math.max(bytes, 1) - 1));
    boolean pooled = sizeClass <= GREATEST_CLASS;
    Scratch scratch = pooled ? POOLS[sizeClass].poll() : null;
    if (scratch == null) {
      long size = pooled ? 1L << sizeClass : bytes;
      scratch = new Scratch(sizeClass, Arena.ofAuto().allocate(size, 64));
    }
    scratch.bytes = bytes;
    return scratch;
  }

  /** The memory, of exactly the bytes that were asked for. */
  public MemorySegment segment() {
    return memory.asSlice(0, bytes);
  }

  /** The memory, of at least the bytes that were asked for; makes no object. */
  public MemorySegment memory() {
    return memory;
  }

  /** Gives the memory back; the segment must not be used any more. */
  @Override
  public void close() {
    if (sizeClass <= GREATEST_CLASS) {
      POOLS[sizeClass].offer(this);
    }
  }
}
