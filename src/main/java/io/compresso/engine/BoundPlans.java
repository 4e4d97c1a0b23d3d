package io.compresso.engine;

import io.compresso.graph.GraphException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
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
    private boolean started;
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
  private final Binder.Setting setting;
  private final @Nullable Function<List<TensorSpec>, @Nullable Plan> specialiser;

  /** The one used last comes first. */
  private final List<Entry> entries = new ArrayList<>();

  private long reserved;
  private boolean unusable;

  /** The inputs whose values the plans are made for, as shapes follow from them. */
  private final BitSet deciding = new BitSet();

  /** The inputs whose values were thought to tell shapes, but do not. */
  private final BitSet useless = new BitSet();

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
    this.setting = new Binder.Setting(options.threads(), new KernelStore(), evaluator);
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
      if (matches(entry.plan.parts.given(), names, given)) {
        if (i > 0) {
          entries.remove(i);
          entries.add(0, entry);
        }
        entry.users++;
        return entry;
      }
    }
    List<Tensor> tensors = new ArrayList<>();
    for (String name : names) {
      if (!(given.get(name) instanceof Tensor tensor) || tensor.dtype() == DType.STRING) {
        return null;
      }
      tensors.add(tensor);
    }
    Entry entry = bind(tensors.stream().map(TensorSpec::of).toList(), tensors);
    if (entry != null) {
      entry.users++;
    }
    return entry;
  }

  private static boolean matches(
      BoundPlan.Given expected, List<String> names, Map<String, ? extends Value> given) {
    List<TensorSpec> specs = expected.inputs();
    for (int i = 0; i < specs.size(); i++) {
      Tensor value = expected.values().get(i);
      Shape shape = specs.get(i).shape();
      if (!(given.get(names.get(i)) instanceof Tensor tensor)
          || tensor.dtype() != specs.get(i).dtype()
          || !tensor.shape().equals(shape)
          || value != null && value.segment().mismatch(tensor.segment()) >= 0) {
        return false;
      }
    }
    return true;
  }

  /** Makes the plan for inputs of these types and shapes, unless the graph cannot be bound. */
  synchronized @Nullable Entry bind(List<TensorSpec> specs) {
    return bind(specs, List.of());
  }

  /**
   * Makes the plan for inputs.
   *
   * @param tensors the inputs of a run; none where their values are not known yet
   */
  private @Nullable Entry bind(List<TensorSpec> specs, List<Tensor> tensors) {
    Plan special =
        specialiser != null && specialised++ < MOST_SPECIAL ? specialiser.apply(specs) : null;
    Plan chosen = special != null ? special : plan.get();
    BoundPlan bound;
    try {
      bound = bindDecided(chosen, specs, tensors);
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

  /** Binds a plan, for the values of inputs, too, that tell shapes which do not follow without. */
  private BoundPlan bindDecided(Plan chosen, List<TensorSpec> specs, List<Tensor> tensors) {
    BoundPlan bound = bind(chosen, specs, tensors);
    BitSet added = new BitSet();
    long references = bound.references();
    while (!tensors.isEmpty() && isMore(bound.parts.given().deciding())) {
      added.or(bound.parts.given().deciding());
      deciding.or(added);
      bound.close();
      bound = bind(chosen, specs, tensors);
    }
    if (!added.isEmpty() && bound.references() == references) {
      deciding.andNot(added);
      useless.or(added);
    }
    return bound;
  }

  private boolean isMore(BitSet inputs) {
    BitSet more = (BitSet) inputs.clone();
    more.andNot(useless);
    return !more.isEmpty();
  }

  private BoundPlan bind(Plan chosen, List<TensorSpec> specs, List<Tensor> tensors) {
    List<@Nullable Tensor> values = new ArrayList<>();
    for (int i = 0; i < specs.size(); i++) {
      values.add(i < tensors.size() && deciding.get(i) ? tensors.get(i).copy() : null);
    }
    BoundPlan like = null;
    for (int i = 0; i < entries.size() && like == null; i++) {
      BoundPlan other = entries.get(i).plan;
      like = other.plan == chosen ? other : null;
    }
    return Binder.bind(chosen, specs, values, setting, like);
  }

  /**
   * Memory for a run of the entry's plan.
   *
   * @throws GraphException if the memory limit does not allow it
   */
  PlanMemory take(Entry entry) {
    PlanMemory old;
    long bytes = entry.plan.bytes();
    synchronized (this) {
      PlanMemory memory = entry.idle.poll();
      if (memory != null) {
        return memory;
      }
      old = entry.started ? null : takeIdle(entry.plan);
      entry.started = true;
      bytes = old == null ? bytes : Math.max(bytes, old.bytes());
      if (bytes > options.memoryLimit() - reserved) {
        entries.forEach(this::freeIdle);
      }
      if (bytes > options.memoryLimit() - reserved) {
        if (old != null) {
          old.close();
        }
        throw entry.plan.tooLarge(
            "the run needs %d bytes; %d of the memory limit of %d are in use"
                .formatted(bytes, reserved, options.memoryLimit()));
      }
      reserved += bytes;
    }
    long limit = options.memoryLimit() - bytes;
    try {
      return old == null
          ? PlanMemory.of(entry.plan, limit, options.threads())
          : old.takenOver(entry.plan, limit);
    } catch (OutOfMemoryError e) {
      unreserve(bytes);
      throw entry.plan.tooLarge("no memory for " + bytes + " bytes");
    } catch (RuntimeException e) {
      unreserve(bytes);
      throw e;
    }
  }

  /**
   * Memory for the plan's first run that its graph has used last for inputs of other shapes: most
   * likely these do not come again, as when sequences grow. Null without.
   */
  private @Nullable PlanMemory takeIdle(BoundPlan plan) {
    for (Entry other : entries) {
      PlanMemory memory = other.plan.plan == plan.plan ? other.idle.poll() : null;
      if (memory != null) {
        reserved -= memory.bytes();
        if (memory.holds(plan)) {
          return memory;
        }
        memory.close();
        return null;
      }
    }
    return null;
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
      reserved -= memory.bytes();
      memory.close();
    }
  }

  private synchronized void unreserve(long bytes) {
    reserved -= bytes;
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
    for (PlanMemory memory = entry.idle.poll(); memory != null; memory = entry.idle.poll()) {
      reserved -= memory.bytes();
      memory.close();
    }
  }

  @Override
  public synchronized void close() {
    for (Iterator<Entry> all = entries.iterator(); all.hasNext(); all.remove()) {
      drop(all.next());
    }
  }
}
