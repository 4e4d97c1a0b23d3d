package io.compresso.kernel.jit;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Generated code, shared by all who ask for the same. Code that nobody uses any more is kept for a
 * while, the least recently used is freed first.
 */
public final class CodeCache {
  private static final int MOST_IDLE = 512;

  private static final Map<Object, Entry> USED = new LinkedHashMap<>();
  private static final Map<Object, Entry> IDLE = new LinkedHashMap<>();

  private CodeCache() {}

  private static final class Entry {
    private final ExecutableMemory memory;
    private int users;

    Entry(ExecutableMemory memory) {
      this.memory = memory;
    }
  }

  /** The right to call a piece of code, until it is closed. */
  public static final class Lease implements AutoCloseable {
    private final Object key;
    private final MemorySegment entry;
    private boolean closed;

    private Lease(Object key, MemorySegment entry) {
      this.key = key;
      this.entry = entry;
    }

    /** The address of the first instruction. */
    public MemorySegment entry() {
      return entry;
    }

    @Override
    public void close() {
      synchronized (CodeCache.class) {
        if (!closed) {
          closed = true;
          release(key);
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
    Entry entry = USED.get(key);
    if (entry == null) {
      Entry idle = IDLE.remove(key);
      entry = idle != null ? idle : new Entry(ExecutableMemory.of(generator.get()));
      USED.put(key, entry);
    }
    entry.users++;
    return new Lease(key, entry.memory.entry());
  }

  /** Frees the code that nobody uses. */
  public static synchronized void clear() {
    IDLE.values().forEach(entry -> entry.memory.close());
    IDLE.clear();
  }

  private static void release(Object key) {
    Entry entry = USED.get(key);
    if (entry == null || --entry.users > 0) {
      return;
    }
    USED.remove(key);
    IDLE.put(key, entry);
    if (IDLE.size() > MOST_IDLE) {
      Map.Entry<Object, Entry> oldest = IDLE.entrySet().iterator().next();
      IDLE.remove(oldest.getKey());
      oldest.getValue().memory.close();
    }
  }
}
