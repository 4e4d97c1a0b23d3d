package io.compresso.engine;

import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The prepared kernels of a session, shared by the plans that need the same. Thread-safe. */
final class KernelStore {
  private static final long LEAST_RELEASED = 1 << 16;

  /** So much of packed weights keeps its physical memory: to give it back takes longer. */
  private static final long MOST_KEPT = 1 << 22;

  /**
   * Names a kernel.
   *
   * @param step the node's step in its plan
   * @param part tells the products of one node apart
   * @param constants those inputs of the node that are the same in all runs of some shapes only:
   *     the weights may be among them
   */
  record Key(Plan.Step step, int part, Problem problem, List<Object> constants) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Key key
          && key.step == step
          && key.part == part
          && key.problem.equals(problem)
          && key.constants.equals(constants);
    }

    @Override
    public int hashCode() {
      return 31 * step.hashCode() + part;
    }
  }

  private static final class Entry {
    private final PreparedKernel kernel;
    private int users;

    Entry(PreparedKernel kernel) {
      this.kernel = kernel;
    }
  }

  private final Map<Key, Entry> entries = new HashMap<>();
  private long kept;

  /** The kernel, made if there is none; to be given back with {@link #release}. */
  synchronized PreparedKernel acquire(Key key, Supplier<Weights> weights) {
    Entry entry = entries.get(key);
    if (entry == null) {
      Weights constants = weights.get();
      entry = new Entry(KernelCatalog.prepare(key.problem(), constants));
      entries.put(key, entry);
      release(constants.data());
    }
    entry.users++;
    return entry.kernel;
  }

  /** Gives kernels that are in use to one more user. */
  synchronized void retain(List<Key> keys) {
    for (Key key : keys) {
      Entry entry = entries.get(key);
      if (entry == null) {
        throw new IllegalStateException("a kernel that nobody uses");
      }
      entry.users++;
    }
  }

  /**
   * Lets go of the physical memory of weights in a mapped file: the kernel has packed them, and who
   * reads them again gets them from the file.
   */
  private void release(@Nullable MemorySegment data) {
    if (data == null || !data.isMapped() || data.byteSize() < LEAST_RELEASED) {
      return;
    }
    if (kept + data.byteSize() <= MOST_KEPT) {
      kept += data.byteSize();
    } else {
      data.unload();
    }
  }

  /** Gives kernels back; those that nobody uses any more are closed. */
  synchronized void release(List<Key> keys) {
    for (Key key : keys) {
      Entry entry = entries.get(key);
      if (entry != null && --entry.users == 0) {
        entries.remove(key);
        entry.kernel.close();
      }
    }
  }
}
