package io.compresso.op;

import io.compresso.kernel.BatchGemmProblem;
import io.compresso.kernel.BatchGemmProblem.Place;
import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.Broadcast;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.KernelCatalog;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.SoftmaxProblem;
import io.compresso.kernel.UnaryFunction;
import io.compresso.kernel.UnaryProblem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Scaled dot-product attention (Vaswani et al., 2017) of floats by kernels. A few heads at a time
 * are carried from their queries to their results, so that their scores stay in the near caches;
 * operands are read and results written where they lie.
 */
final class AttentionKernels {
  /** Scores of so many bytes stay in the near caches together with what they are made of. */
  private static final long MOST_SCORES = 1 << 18;

  /** Units that each thread gets at least where heads do not divide evenly. */
  private static final int UNITS_PER_THREAD = 4;

  /** The part for transposed keys, after those of three additions. */
  private static final int TRANSPOSE = 9;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /**
   * The sizes of an attention.
   *
   * @param heads heads of the queries
   * @param shared heads of keys and values, a divisor of {@code heads}: one after the other serves
   *     {@code heads / shared} heads of the queries
   * @param size elements of a query and of a key
   * @param valueSize elements of a value
   */
  record Sizes(int batch, int heads, int shared, int queries, int keys, int size, int valueSize) {
    /** Heads of the queries that share keys. */
    int group() {
      return heads / shared;
    }

    /** Whether scores take a term of this shape, each of whose four axes is theirs or 1. */
    boolean take(Shape term) {
      return (term.dim(0) == 1 || term.dim(0) == batch)
          && (term.dim(1) == 1 || term.dim(1) == heads)
          && (term.dim(2) == 1 || term.dim(2) == queries)
          && (term.dim(3) == 1 || term.dim(3) == keys);
    }

    boolean areEmpty() {
      return batch == 0 || heads == 0 || queries == 0 || keys == 0 || size == 0 || valueSize == 0;
    }
  }

  /**
   * What happens to products of queries and keys: {@code scale * product}, then, with a cap above
   * 0, {@code cap * tanh(score / cap)}, then what is added.
   *
   * @param added the shapes of what is added, of four axes that are those of the scores {@code
   *     [batch, heads, queries, keys]} or 1
   * @param withoutKeys what becomes of a query that sees no key
   */
  record Scores(float scale, float cap, List<Shape> added, WithoutKeys withoutKeys) {}

  /** The probabilities of a query that sees no key. */
  enum WithoutKeys {
    NAN,
    /** Zeros where each key has negative infinity added. */
    ZEROS_BY_MASK,
    /** Zeros where each score is negative infinity. */
    ZEROS_BY_SCORE
  }

  /**
   * Where the heads of an operand lie, counted in elements: those of a row are adjacent.
   *
   * @param batch from one batch element to the next
   * @param head from one head to the next
   * @param row from one row of a head to the next
   */
  record Layout(long batch, long head, long row) {
    /** {@code [batch, length, all]}, in which heads of {@code size} elements follow each other. */
    static Layout flat(long length, long all, long size) {
      return new Layout(length * all, size, all);
    }

    /** {@code [batch, count, length, size]}. */
    static Layout apart(long count, long length, long size) {
      return new Layout(count * length * size, length * size, size);
    }
  }

  /** Where all operands lie. */
  record Layouts(Layout q, Layout k, Layout v, Layout y) {}

  /** Which keys a query sees; the others have no part in its softmax, whatever they hold. */
  interface Window {
    /** The first key that it sees. */
    int from(int batch, int query);

    /** The first key after those that it sees. */
    int to(int batch, int query);
  }

  /**
   * The memory of all operands.
   *
   * @param added what is added, in the order of {@link Scores}
   * @param window null where a query sees all keys
   */
  record Memory(
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      List<MemorySegment> added,
      @Nullable Window window,
      MemorySegment y) {
    /** Of queries that see all keys. */
    Memory(
        MemorySegment q,
        MemorySegment k,
        MemorySegment v,
        List<MemorySegment> added,
        MemorySegment y) {
      this(q, k, v, added, null, y);
    }
  }

  private final Sizes sizes;
  private final Scores scores;
  private final Layouts layouts;
  private final int threads;

  /** Heads of keys and values that are worked on together. */
  private final int together;

  private final int chunks;

  /** What transposes the keys of a unit where no batched product reads them as they lie. */
  private final @Nullable PreparedKernel transpose;

  private final PreparedKernel products;
  private final List<PreparedKernel> functions = new ArrayList<>();
  private final List<PreparedKernel> additions = new ArrayList<>();
  private final PreparedKernel softmax;
  private final PreparedKernel sums;

  /** The scores of a query that sees no key. */
  private final MemorySegment unseen;

  /**
   * Prepares the kernels.
   *
   * @param part the first of the node's parts that are free for them
   * @param sizes none of which is 0
   */
  AttentionKernels(LoweringContext context, int part, Sizes sizes, Scores scores, Layouts layouts) {
    this.sizes = sizes;
    this.scores = scores;
    this.layouts = layouts;
    this.threads = context.threads();
    this.together = together();
    int units = units();
    this.chunks = threads == 1 || units < threads ? 1 : Math.min(units, UNITS_PER_THREAD * threads);
    BatchGemmProblem direct = products(new Place(layouts.k().head(), 0, 1, layouts.k().row()));
    long matrix = (long) sizes.size() * sizes.keys();
    BatchGemmProblem ofTransposed = products(new Place(matrix, 0, sizes.keys(), 1));
    boolean transposes = !isMachineCode(direct) && isMachineCode(ofTransposed);
    this.transpose =
        transposes ? context.prepare(part + TRANSPOSE, transpose(), () -> Weights.NONE) : null;
    this.products = context.prepare(part, transposes ? ofTransposed : direct, () -> Weights.NONE);
    long count = unitScores();
    if (scores.cap() > 0) {
      functions.add(affine(context, part + 1, count, scores.scale() / scores.cap()));
      functions.add(
          context.prepare(
              part + 2,
              UnaryProblem.of(UnaryFunction.TANH, DType.FLOAT, count),
              () -> Weights.NONE));
      functions.add(affine(context, part + 3, count, scores.cap()));
    } else if (scores.scale() != 1) {
      functions.add(affine(context, part + 1, count, scores.scale()));
    }
    this.softmax =
        context.prepare(
            part + 4,
            new SoftmaxProblem(DType.FLOAT, count / sizes.keys(), sizes.keys(), 1, false),
            () -> Weights.NONE);
    this.sums = context.prepare(part + 5, sums(), () -> Weights.NONE);
    float[] lowest = new float[sizes.keys()];
    Arrays.fill(lowest, Float.NEGATIVE_INFINITY);
    this.unseen = MemorySegment.ofArray(lowest);
    for (int i = 0; i < scores.added().size(); i++) {
      Shape added = scores.added().get(i);
      Shape all = Shape.of((long) together * sizes.group(), sizes.queries(), sizes.keys());
      Shape piece = Shape.of(added.dim(1) == 1 ? 1 : all.dim(0), added.dim(2), added.dim(3));
      additions.add(
          context.prepare(
              part + 6 + i,
              new BinaryProblem(BinaryFunction.ADD, DType.FLOAT, Broadcast.of(all, piece)),
              () -> Weights.NONE));
    }
  }

  private static PreparedKernel affine(
      LoweringContext context, int part, long count, float factor) {
    return context.prepare(
        part,
        new UnaryProblem(UnaryFunction.AFFINE, DType.FLOAT, count, factor, 0),
        () -> Weights.NONE);
  }

  private int together() {
    long head = 4L * sizes.group() * sizes.queries() * sizes.keys();
    for (int count = sizes.shared(); count > 1; count--) {
      long units = (long) sizes.batch() * (sizes.shared() / count);
      boolean even = units % threads == 0 || units >= (long) UNITS_PER_THREAD * threads;
      if (sizes.shared() % count == 0 && count * head <= MOST_SCORES && even) {
        return count;
      }
    }
    return 1;
  }

  private int units() {
    return Math.multiplyExact(sizes.batch(), sizes.shared() / together);
  }

  private long unitScores() {
    return Math.multiplyExact(
        (long) together * sizes.group(), (long) sizes.queries() * sizes.keys());
  }

  /** Whether the heads of a group are the rows of one product: their only queries. */
  private boolean joinsGroup() {
    return sizes.queries() == 1;
  }

  private int rows() {
    return joinsGroup() ? sizes.group() : sizes.queries();
  }

  private int repeats() {
    return joinsGroup() ? 1 : sizes.group();
  }

  private Place ofQueries(Layout layout) {
    return new Place(
        sizes.group() * layout.head(),
        layout.head(),
        joinsGroup() ? layout.head() : layout.row(),
        1);
  }

  private Place ofScores() {
    long matrix = (long) sizes.queries() * sizes.keys();
    return new Place(sizes.group() * matrix, matrix, sizes.keys(), 1);
  }

  private static boolean isMachineCode(Problem problem) {
    return KernelCatalog.select(problem, CpuFeatures.host()).kernel().spec().isa().isMachineCode();
  }

  private CopyProblem transpose() {
    Layout k = layouts.k();
    return CopyProblem.of(
        Float.BYTES,
        List.of(
            new CopyProblem.Axis(together, k.head(), (long) sizes.size() * sizes.keys()),
            new CopyProblem.Axis(sizes.size(), 1, sizes.keys()),
            new CopyProblem.Axis(sizes.keys(), k.row(), 1)));
  }

  private BatchGemmProblem products(Place keys) {
    return new BatchGemmProblem(
        GemmProblem.ofFloat(rows(), sizes.keys(), sizes.size()),
        together,
        repeats(),
        ofQueries(layouts.q()),
        keys,
        ofScores());
  }

  private BatchGemmProblem sums() {
    return new BatchGemmProblem(
        GemmProblem.ofFloat(rows(), sizes.valueSize(), sizes.keys()),
        together,
        repeats(),
        ofScores(),
        new Place(layouts.v().head(), 0, layouts.v().row(), 1),
        ofQueries(layouts.y()));
  }

  /** Bytes that {@link #bind} needs to work in. */
  long workspaceBytes() {
    return Math.multiplyExact(chunks, unitBytes());
  }

  private long scoresBytes() {
    return Float.BYTES * unitScores();
  }

  private long unitBytes() {
    return scoresBytes() + (transpose == null ? 0 : transpose.problem().outputBytes());
  }

  /** The call for fixed memory. */
  Lowered.Call bind(Memory memory, MemorySegment workspace) {
    int units = units();
    Unit[] all = new Unit[units];
    long bytes = unitBytes();
    for (int chunk = 0; chunk < chunks; chunk++) {
      MemorySegment own = workspace.asSlice(chunk * bytes, bytes);
      for (int unit = first(chunk); unit < first(chunk + 1); unit++) {
        all[unit] = new Unit(memory, own, unit);
      }
    }
    if (chunks == 1) {
      return () -> {
        for (Unit unit : all) {
          unit.run();
        }
      };
    }
    Workers.ChunkTask task =
        chunk -> {
          for (int unit = first(chunk); unit < first(chunk + 1); unit++) {
            all[unit].run();
          }
        };
    return () -> Workers.shared().run(chunks, threads, task);
  }

  private int first(int chunk) {
    return (int) ((long) chunk * units() / chunks);
  }

  /** Some heads of one batch element. */
  private final class Unit {
    private final MemorySegment own;
    private final int batch;
    private final @Nullable Window window;
    private final MemorySegment[] added;
    private final Runnable[] before;
    private final Runnable probabilities;
    private final Runnable results;
    private final boolean[] forbidden;
    private boolean anyForbidden;

    Unit(Memory memory, MemorySegment work, int unit) {
      this.own = work.asSlice(0, scoresBytes());
      this.batch = unit / (sizes.shared() / together);
      this.window = memory.window();
      int shared = unit % (sizes.shared() / together) * together;
      int head = shared * sizes.group();
      int each = chunks == 1 ? threads : 1;
      MemorySegment q = part(memory.q(), layouts.q(), batch, head, products.problem().inputBytes());
      Problem reader = transpose == null ? products.problem() : transpose.problem();
      long keyBytes = transpose == null ? reader.secondBytes() : reader.inputBytes();
      MemorySegment k = part(memory.k(), layouts.k(), batch, shared, keyBytes);
      MemorySegment v = part(memory.v(), layouts.v(), batch, shared, sums.problem().secondBytes());
      MemorySegment y = part(memory.y(), layouts.y(), batch, head, sums.problem().outputBytes());
      this.added = new MemorySegment[additions.size()];
      List<Runnable> calls = new ArrayList<>();
      if (transpose != null) {
        MemorySegment transposed = work.asSlice(scoresBytes());
        calls.add(transpose.bind(Operands.of(k, transposed), each));
        k = transposed;
      }
      calls.add(products.bind(Operands.of(q, k, own), each));
      for (PreparedKernel function : functions) {
        calls.add(function.bind(Operands.of(own, own), each));
      }
      for (int i = 0; i < additions.size(); i++) {
        Shape shape = scores.added().get(i);
        long[] strides = shape.strides();
        long from =
            (shape.dim(0) == 1 ? 0 : batch * strides[0])
                + (shape.dim(1) == 1 ? 0 : head * strides[1]);
        PreparedKernel addition = additions.get(i);
        added[i] = memory.added().get(i).asSlice(4 * from, addition.problem().secondBytes());
        calls.add(addition.bind(Operands.of(own, added[i], own), each));
      }
      this.before = calls.toArray(Runnable[]::new);
      this.probabilities = softmax.bind(Operands.of(own, own), each);
      this.results = sums.bind(Operands.of(own, v, y), each);
      boolean may =
          switch (scores.withoutKeys()) {
            case NAN -> false;
            case ZEROS_BY_MASK -> added.length > 0;
            case ZEROS_BY_SCORE -> true;
          };
      this.forbidden = new boolean[may ? Math.toIntExact(unitScores() / sizes.keys()) : 0];
    }

    private static MemorySegment part(
        MemorySegment operand, Layout layout, int batch, int head, long bytes) {
      return operand.asSlice(4 * (batch * layout.batch() + head * layout.head()), bytes);
    }

    void run() {
      for (Runnable call : before) {
        call.run();
      }
      if (window != null) {
        hideUnseen(window);
      }
      findForbidden();
      probabilities.run();
      if (anyForbidden) {
        clearForbidden();
      }
      results.run();
    }

    private void hideUnseen(Window seen) {
      long keys = sizes.keys();
      long rows = unitScores() / keys;
      for (int row = 0; row < rows; row++) {
        int query = row % sizes.queries();
        long from = Math.min(keys, seen.from(batch, query));
        long to = Math.max(from, seen.to(batch, query));
        MemorySegment.copy(unseen, 0, own, 4 * row * keys, 4 * from);
        MemorySegment.copy(unseen, 0, own, 4 * (row * keys + to), 4 * (keys - to));
      }
    }

    /** Marks the queries that may see no key at all, whose probabilities are zeros. */
    private void findForbidden() {
      anyForbidden = false;
      for (int row = 0; row < forbidden.length; row++) {
        forbidden[row] = isForbidden(row);
        anyForbidden |= forbidden[row];
      }
    }

    private boolean isForbidden(int row) {
      for (int key = 0; key < sizes.keys(); key++) {
        boolean hidden =
            scores.withoutKeys() == WithoutKeys.ZEROS_BY_SCORE
                ? isLowest(own, (long) row * sizes.keys() + key)
                : isMasked(row, key);
        if (!hidden) {
          return false;
        }
      }
      return true;
    }

    private boolean isMasked(int row, int key) {
      for (int i = 0; i < added.length; i++) {
        Shape shape = scores.added().get(i);
        long head = shape.dim(1) == 1 ? 0 : row / sizes.queries();
        long query = shape.dim(2) == 1 ? 0 : row % sizes.queries();
        long at = (head * shape.dim(2) + query) * shape.dim(3) + (shape.dim(3) == 1 ? 0 : key);
        if (isLowest(added[i], at)) {
          return true;
        }
      }
      return false;
    }

    private static boolean isLowest(MemorySegment floats, long index) {
      return floats.get(FLOAT, 4 * index) == Float.NEGATIVE_INFINITY;
    }

    private void clearForbidden() {
      long bytes = 4L * sizes.keys();
      for (int row = 0; row < forbidden.length; row++) {
        if (forbidden[row]) {
          own.asSlice(row * bytes, bytes).fill((byte) 0);
        }
      }
    }
  }
}
