package io.compresso.engine;

import io.compresso.graph.GraphException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The bound plans of a session, one for each of the input shapes that were used last, and their
 * memory. Thread-safe.
 */
final class BoundPlans implements AutoCloseable {
  /** Plans that are kept. */
  private static final int MOST_PLANS = 8;

  /** Memories that are kept for later runs of one plan. */
  private static final int MOST_IDLE = 4;

  /** Plans that are made of a graph that was compiled for their shapes, in the session's life. */
  private static final int MOST_SPECIAL = 16;

  /** A plan and the memory that its runs have used. */
  static final class Entry {
    private final BoundPlan plan;
    private final boolean special;
    private final ArrayDeque<PlanMemory> idle = new ArrayDeque<>(MOST_IDLE);
    private int users;
    private boolean dropped;

    private Entry(BoundPlan plan, boolean special) {
      this.plan = plan;
      this.special = special;
    }

    private void close() {
      plan.close();
      if (special) {
        plan.plan.close();
      }
    }

    BoundPlan plan() {
      return plan;
    }
  }

  private final List<String> inputNames;
  private final Supplier<Plan> plan;
  private final SessionOptions options;
  private final Planner.ConstantEvaluator evaluator;
  private final @Nullable Function<List<TensorSpec>, @Nullable Plan> specialiser;
  private final KernelStore kernels = new KernelStore();

  /** The one used last comes first. */
  private final List<Entry> entries = new ArrayList<>();

  private long reserved;
  private boolean unusable;
  private int specialised;

  /**
   * @param inputNames of the plan's inputs
   * @param plan for inputs of all shapes
   * @param specialiser makes the plan of the graph for inputs of fixed types and shapes, or gives
   *     null where it is the plan for all; null where there is no other plan at all
   */
  BoundPlans(
      List<String> inputNames,
      Supplier<Plan> plan,
      SessionOptions options,
      Planner.ConstantEvaluator evaluator,
      @Nullable Function<List<TensorSpec>, @Nullable Plan> specialiser) {
    this.inputNames = inputNames;
    this.plan = plan;
    this.options = options;
    this.evaluator = evaluator;
    this.specialiser = specialiser;
  }

  /**
   * The plan for the given inputs, to be given back with {@link #end}; null where the graph has to
   * be run as it is.
   */
  synchronized @Nullable Entry begin(Map<String, ? extends Value> given) {
    if (unusable) {
      return null;
    }
    List<String> names = inputNames;
    for (int i = 0; i < entries.size(); i++) {
      Entry entry = entries.get(i);
      if (matches(entry.plan.parts.inputs(), names, given)) {
        if (i > 0) {
          entries.remove(i);
          entries.add(0, entry);
        }
        entry.users++;
        return entry;
      }
    }
    List<TensorSpec> specs = new ArrayList<>();
    for (String name : names) {
      if (!(given.get(name) instanceof Tensor tensor) || tensor.dtype() == DType.STRING) {
        return null;
      }
      specs.add(TensorSpec.of(tensor));
    }
    Entry entry = bind(specs);
    if (entry != null) {
      entry.users++;
    }
    return entry;
  }

  private static boolean matches(
      List<TensorSpec> specs, List<String> names, Map<String, ? extends Value> given) {
    for (int i = 0; i < specs.size(); i++) {
      Shape shape = specs.get(i).shape();
      if (!(given.get(names.get(i)) instanceof Tensor tensor)
          || tensor.dtype() != specs.get(i).dtype()
          || !tensor.shape().equals(shape)) {
        return false;
      }
    }
    return true;
  }

  /** Makes the plan for inputs of these types and shapes, unless the graph cannot be bound. */
  synchronized @Nullable Entry bind(List<TensorSpec> specs) {
    Plan special =
        specialiser != null && specialised++ < MOST_SPECIAL ? specialiser.apply(specs) : null;
    Plan chosen = special != null ? special : plan.get();
    BoundPlan bound;
    try {
      bound = Binder.bind(chosen, specs, options.threads(), kernels, evaluator);
    } catch (ArithmeticException | IllegalArgumentException e) {
      // Sizes that no memory holds: the operators' references say which.
      return null;
    }
    Entry entry = new Entry(bound, special != null);
    entries.add(0, entry);
    if (entries.size() > MOST_PLANS) {
      drop(entries.removeLast());
    }
    return entry;
  }

  /**
   * Memory for a run of the entry's plan.
   *
   * @throws GraphException if the memory limit does not allow it
   */
  PlanMemory take(Entry entry) {
    synchronized (this) {
      PlanMemory memory = entry.idle.poll();
      if (memory != null) {
        return memory;
      }
      long bytes = entry.plan.bytes();
      if (bytes > options.memoryLimit() - reserved) {
        entries.forEach(this::freeIdle);
      }
      if (bytes > options.memoryLimit() - reserved) {
        throw entry.plan.tooLarge(
            "the run needs %d bytes; %d of the memory limit of %d are in use"
                .formatted(bytes, reserved, options.memoryLimit()));
      }
      reserved += bytes;
    }
    try {
      return PlanMemory.of(
          entry.plan, options.memoryLimit() - entry.plan.bytes(), options.threads());
    } catch (OutOfMemoryError e) {
      unreserve(entry);
      throw entry.plan.tooLarge("no memory for " + entry.plan.bytes() + " bytes");
    } catch (RuntimeException e) {
      unreserve(entry);
      throw e;
    }
  }

  /**
   * Gives memory back.
   *
   * @param reusable whether the run has not failed
   */
  synchronized void give(Entry entry, PlanMemory memory, boolean reusable) {
    if (reusable && entry.idle.size() < MOST_IDLE && !entry.dropped) {
      entry.idle.push(memory);
    } else {
      reserved -= entry.plan.bytes();
      memory.close();
    }
  }

  private synchronized void unreserve(Entry entry) {
    reserved -= entry.plan.bytes();
  }

  /** Ends the use of a plan. */
  synchronized void end(Entry entry) {
    entry.users--;
    if (entry.dropped && entry.users == 0) {
      entry.close();
    }
  }

  /** Gives up binding: the graph is run as it is from now on. */
  synchronized void disable() {
    unusable = true;
    close();
  }

  private void drop(Entry entry) {
    entry.dropped = true;
    freeIdle(entry);
    if (entry.users == 0) {
      entry.close();
    }
  }

  private void freeIdle(Entry entry) {
    reserved -= entry.plan.bytes() * entry.idle.size();
    entry.idle.forEach(PlanMemory::close);
    entry.idle.clear();
  }

  @Override
  public synchronized void close() {
    for (Iterator<Entry> all = entries.iterator(); all.hasNext(); all.remove()) {
      drop(all.next());
    }
  }
}
