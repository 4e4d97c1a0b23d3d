package io.compresso.kernel.jit;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Generated code, shared by all who ask for the same. Code that nobody uses any more is kept for a
 * while, the least recently used is freed first.
 */
public final class CodeCache {
  private static final int MOST_IDLE = 512;

  private static final Map<Object, Entry> ENTRIES = new HashMap<>();

  /** Those that nobody uses, the least recently used first. */
  private static final Set<Entry> IDLE = new LinkedHashSet<>();

  private CodeCache() {}

  private static final class Entry {
    private final Object key;
    private final ExecutableMemory memory;
    private int users;

    Entry(Object key, ExecutableMemory memory) {
      this.key = key;
      this.memory = memory;
    }

    private void free() {
      ENTRIES.remove(key);
      memory.close();
    }
  }

  /** The right to call a piece of code, until it is closed. */
  public static final class Lease implements AutoCloseable {
    private final Entry entry;
    private boolean closed;

    private Lease(Entry entry) {
      this.entry = entry;
    }

    /** The code, from the first instruction on. */
    public MemorySegment entry() {
      return entry.memory.entry();
    }

    @Override
    public void close() {
      synchronized (CodeCache.class) {
        if (!closed) {
          closed = true;
          release(entry);
        }
      }
    }
  }

  /**
   * The code of the given key.
   *
   * @param key says all that the code depends on, by {@code equals}
   * @param generator makes the code when there is none
   * @throws IllegalStateException if the system refuses executable memory
   */
  public static synchronized Lease lease(Object key, Supplier<byte[]> generator) {
    Entry entry = ENTRIES.get(key);
    if (entry == null) {
      entry = new Entry(key, ExecutableMemory.of(generator.get()));
      ENTRIES.put(key, entry);
    } else if (entry.users == 0) {
      IDLE.remove(entry);
    }
    entry.users++;
    return new Lease(entry);
  }

  /** Frees the code that nobody uses. */
  public static synchronized void clear() {
    IDLE.forEach(Entry::free);
    IDLE.clear();
  }

  private static void release(Entry entry) {
    if (--entry.users > 0) {
      return;
    }
    IDLE.add(entry);
    if (IDLE.size() > MOST_IDLE) {
      Entry oldest = IDLE.iterator().next();
      IDLE.remove(oldest);
      oldest.free();
    }
  }
}
