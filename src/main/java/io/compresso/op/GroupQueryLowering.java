package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.Workers;
import io.compresso.op.AttentionKernels.Layout;
import io.compresso.op.AttentionKernels.Layouts;
import io.compresso.op.AttentionKernels.Memory;
import io.compresso.op.AttentionKernels.Scores;
import io.compresso.op.AttentionKernels.Sizes;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link GroupQueryAttention} of floats without sinks as kernels, where the total length of the
 * sequences is known before a run. Keys and values of a run are written behind those of the cache,
 * from where the products read them.
 */
final class GroupQueryLowering {
  private static final int PAST_KEY = 3;
  private static final int PAST_VALUE = 4;
  private static final int LENGTHS = 5;
  private static final int TOTAL = 6;
  private static final int COSINE = 7;
  private static final int SINE = 8;
  private static final int POSITIONS = 9;
  private static final int BIAS = 10;
  private static final int SINK = 11;

  /** Queries up to which a run is a step of many, each with a longer cache. */
  private static final int MOST_STEP_QUERIES = 8;

  /** What numbers of keys are a multiple of in a step, so that few steps need other kernels. */
  private static final int STEP_KEYS = 64;

  /** Bytes of keys and values together up to which a step copies them. */
  private static final long MOST_COPIED = 4 << 20;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final LoweringContext context;
  private final Sizes sizes;

  /** Tokens for which the new caches have room, and those for which the old ones have. */
  private final int length;

  private final int cached;

  /** As many keys as the kernels take: those behind the last are zeros, which no query sees. */
  private final int keys;

  /** Whether the kernels read copies of the caches, which have room for more keys. */
  private final boolean copies;

  /** Elements of a row of queries, keys and values as they are given. */
  private final long[] widths;

  private final boolean packed;
  private final int rotated;
  private final AttentionKernels kernels;

  private GroupQueryLowering(LoweringContext context, Sizes sizes, int cached, int rotated) {
    this.context = context;
    this.sizes = sizes;
    this.cached = cached;
    this.length = Math.max(sizes.keys(), cached);
    int whole = Math.ceilDiv(sizes.keys(), STEP_KEYS) * STEP_KEYS;
    this.copies =
        sizes.queries() <= MOST_STEP_QUERIES
            && sizes.keys() > sizes.queries()
            && 8L * sizes.batch() * sizes.shared() * whole * sizes.size() <= MOST_COPIED
            && context.inputOrNull(BIAS) == null;
    this.keys = copies ? whole : sizes.keys();
    this.packed = context.inputOrNull(1) == null;
    this.rotated = rotated;
    long q = (long) sizes.heads() * sizes.size();
    long kv = (long) sizes.shared() * sizes.size();
    this.widths = packed ? new long[] {q + 2 * kv, q + 2 * kv, q + 2 * kv} : new long[] {q, kv, kv};
    Layout cache = Layout.apart(sizes.shared(), copies ? keys : length, sizes.size());
    Layout y = Layout.flat(sizes.queries(), q, sizes.size());
    Layout queries = rotated > 0 ? y : Layout.flat(sizes.queries(), widths[0], sizes.size());
    TensorSpec bias = context.inputOrNull(BIAS);
    this.kernels =
        new AttentionKernels(
            context,
            0,
            new Sizes(
                sizes.batch(),
                sizes.heads(),
                sizes.shared(),
                sizes.queries(),
                keys,
                sizes.size(),
                sizes.valueSize()),
            new Scores(
                (float) PackedAttention.scale(context.node(), sizes.size()),
                context.node().floatAttribute("softcap", 0),
                bias == null ? List.of() : List.of(bias.shape()),
                AttentionKernels.WithoutKeys.ZEROS_BY_SCORE),
            new Layouts(queries, cache, cache, y));
  }

  /** The node as kernels; null where it has to be left to the reference. */
  static @Nullable Lowered of(LoweringContext context) {
    Node node = context.node();
    Sizes sizes = sizes(context);
    if (sizes == null
        || sizes.areEmpty()
        || context.inputOrNull(SINK) != null
        || node.intAttribute("smooth_softmax", 0) == 1
        || node.output(3) != null
        || !node.stringAttribute("k_quant_type", "NONE").equals("NONE")
        || !node.stringAttribute("v_quant_type", "NONE").equals("NONE")
        || !is(context, LENGTHS, DType.INT32, null)
        || context.input(LENGTHS).shape().size() != sizes.batch()) {
      return null;
    }
    TensorSpec past = context.inputOrNull(PAST_KEY);
    int cached = past == null || past.shape().rank() != 4 ? 0 : (int) past.shape().dim(2);
    Shape cache = Shape.of(sizes.batch(), sizes.shared(), cached, sizes.size());
    boolean fits =
        past == null
            ? context.inputOrNull(PAST_VALUE) == null
            : is(context, PAST_KEY, DType.FLOAT, cache)
                && is(context, PAST_VALUE, DType.FLOAT, cache);
    int keys = sizes.keys();
    if (!fits || keys < sizes.queries() || keys > cached + sizes.queries()) {
      return null;
    }
    TensorSpec bias = context.inputOrNull(BIAS);
    if (bias != null && !fits(bias, sizes)) {
      return null;
    }
    int rotated = 0;
    if (node.intAttribute("do_rotary", 0) != 0) {
      TensorSpec cosine = context.inputOrNull(COSINE);
      if (cosine == null
          || cosine.shape().rank() != 2
          || !is(context, COSINE, DType.FLOAT, null)
          || !is(context, SINE, DType.FLOAT, cosine.shape())
          || cosine.shape().dim(1) < 1
          || 2 * cosine.shape().dim(1) > sizes.size()
          || context.inputOrNull(POSITIONS) != null
              && !is(context, POSITIONS, DType.INT64, Shape.of(sizes.batch(), sizes.queries()))) {
        return null;
      }
      rotated = (int) cosine.shape().dim(1);
    }
    return new GroupQueryLowering(context, sizes, cached, rotated).lower();
  }

  private static boolean is(
      LoweringContext context, int input, DType dtype, @Nullable Shape shape) {
    TensorSpec spec = context.inputOrNull(input);
    return spec != null && spec.dtype() == dtype && (shape == null || spec.shape().equals(shape));
  }

  private static boolean fits(TensorSpec bias, Sizes sizes) {
    Shape shape = bias.shape();
    return bias.dtype() == DType.FLOAT
        && shape.rank() == 4
        && (shape.dim(0) == 1 || shape.dim(0) == sizes.batch())
        && (shape.dim(1) == 1 || shape.dim(1) == sizes.heads())
        && shape.dim(2) == sizes.queries()
        && shape.dim(3) == sizes.keys();
  }

  /** The sizes, with as many keys as the sequences are long; null where they do not follow. */
  private static @Nullable Sizes sizes(LoweringContext context) {
    long heads = context.node().intAttribute("num_heads", 0);
    long shared = context.node().intAttribute("kv_num_heads", 0);
    Tensor total = context.constant(TOTAL);
    Shape q = context.input(0).shape();
    if (total == null
        || total.size() != 1
        || heads < 1
        || heads > Attention.Heads.MOST
        || shared < 1
        || heads % shared != 0
        || !is(context, 0, DType.FLOAT, null)
        || q.rank() != 3
        || q.size() > Integer.MAX_VALUE) {
      return null;
    }
    boolean packed = context.inputOrNull(1) == null;
    long all = packed ? heads + 2 * shared : heads;
    long size = q.dim(2) / all;
    Shape k = Shape.of(q.dim(0), q.dim(1), shared * size);
    long keys = total.getLong(0);
    if (q.dim(2) % all != 0
        || keys < 0
        || keys > Integer.MAX_VALUE
        || packed != (context.inputOrNull(2) == null)
        || !packed && !(is(context, 1, DType.FLOAT, k) && is(context, 2, DType.FLOAT, k))) {
      return null;
    }
    return new Sizes(
        (int) q.dim(0),
        (int) heads,
        (int) shared,
        (int) q.dim(1),
        (int) keys,
        (int) size,
        (int) size);
  }

  // Memory to work in: for caches that the node does not name, copies, turned queries, scores.

  private long cacheBytes() {
    return 4L * sizes.batch() * sizes.shared() * length * sizes.size();
  }

  private long copyBytes() {
    return copies ? 4L * sizes.batch() * sizes.shared() * keys * sizes.size() : 0;
  }

  private long queryBytes() {
    return rotated == 0 ? 0 : 4L * sizes.batch() * sizes.queries() * sizes.heads() * sizes.size();
  }

  private Lowered lower() {
    boolean keeps = context.outputOrNull(1) != null;
    boolean keepsValues = context.outputOrNull(2) != null;
    long bytes =
        (keeps ? 0 : cacheBytes())
            + (keepsValues ? 0 : cacheBytes())
            + 2 * copyBytes()
            + queryBytes()
            + kernels.workspaceBytes();
    return Lowered.of(
            buffers -> {
              Carver work = new Carver(buffers.workspace());
              MemorySegment k = keeps ? buffers.output(1) : work.take(cacheBytes());
              MemorySegment v = keepsValues ? buffers.output(2) : work.take(cacheBytes());
              return new Call(buffers, k, v, work);
            })
        .withWorkspace(bytes);
  }

  /** Gives out memory piece by piece. */
  private static final class Carver {
    private final MemorySegment memory;
    private long taken;

    Carver(MemorySegment memory) {
      this.memory = memory;
    }

    MemorySegment take(long bytes) {
      MemorySegment part = memory.asSlice(taken, bytes);
      taken += bytes;
      return part;
    }
  }

  /** The node on fixed memory. */
  private final class Call implements Lowered.Call, AttentionKernels.Window {
    private final Lowered.Buffers buffers;
    private final MemorySegment[] given;
    private final MemorySegment[] caches;

    /** What the kernels read: the caches or copies of them. */
    private final MemorySegment[] read;

    private final boolean keepsValues = context.outputOrNull(2) != null;
    private final MemorySegment queries;
    private final Lowered.Call attention;
    private final MemorySegment cosine;
    private final MemorySegment sine;
    private final boolean interleaved = context.node().intAttribute("rotary_interleaved", 0) != 0;
    private final long window = context.node().intAttribute("local_window_size", -1);
    private final int[] past = new int[sizes.batch()];
    private final int[] totals = new int[sizes.batch()];
    private final Workers.ChunkTask caching = this::cache;
    private final Workers.ChunkTask turning = this::turnQueries;

    Call(Lowered.Buffers buffers, MemorySegment k, MemorySegment v, Carver work) {
      this.buffers = buffers;
      MemorySegment x = buffers.input(0);
      long q = 4L * sizes.heads() * sizes.size();
      long kv = 4L * sizes.shared() * sizes.size();
      this.given =
          packed
              ? new MemorySegment[] {x, x.asSlice(q), x.asSlice(q + kv)}
              : new MemorySegment[] {x, buffers.input(1), buffers.input(2)};
      this.caches = new MemorySegment[] {k, v};
      this.read =
          copies ? new MemorySegment[] {work.take(copyBytes()), work.take(copyBytes())} : caches;
      this.queries = rotated == 0 ? x : work.take(queryBytes());
      List<MemorySegment> added =
          context.inputOrNull(BIAS) == null ? List.of() : List.of(buffers.input(BIAS));
      this.cosine = rotated == 0 ? MemorySegment.NULL : buffers.input(COSINE);
      this.sine = rotated == 0 ? MemorySegment.NULL : buffers.input(SINE);
      this.attention =
          kernels.bind(
              new Memory(queries, read[0], read[1], added, this, buffers.output(0)),
              work.take(kernels.workspaceBytes()));
    }

    @Override
    public void run() {
      findSteps();
      int pairs = sizes.batch() * sizes.shared();
      Workers.shared().run(2 * pairs, context.threads(), caching);
      if (rotated > 0) {
        Workers.shared().run(sizes.batch() * sizes.queries(), context.threads(), turning);
      }
      attention.run();
      if (keepsValues) {
        keepPadding();
      }
    }

    /** Writes the values of padding, which were zeros for the products, into the new cache. */
    private void keepPadding() {
      for (int pair = 0; pair < sizes.batch() * sizes.shared(); pair++) {
        int batch = pair / sizes.shared();
        for (int step = totals[batch] - past[batch]; step < sizes.queries(); step++) {
          copyStep(1, pair, step);
        }
      }
    }

    /** Writes a head's keys (0) or values (1) of one step into the new cache, gives its place. */
    private long copyStep(int which, int pair, int step) {
      long row = 4L * sizes.size();
      int batch = pair / sizes.shared();
      long from =
          ((long) batch * sizes.queries() + step) * 4 * widths[which + 1]
              + pair % sizes.shared() * row;
      long at = ((long) pair * length + past[batch] + step) * row;
      MemorySegment.copy(given[which + 1], from, caches[which], at, row);
      return at;
    }

    private void findSteps() {
      boolean prompt = sizes.keys() == sizes.queries();
      MemorySegment lengths = buffers.input(LENGTHS);
      for (int batch = 0; batch < sizes.batch(); batch++) {
        long tokens = lengths.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * batch) + 1L;
        if (tokens < (prompt ? 1 : sizes.queries()) || tokens > sizes.keys()) {
          throw context.error(
              "input 'seqlens_k' gives %d tokens of %d, %d of them new"
                  .formatted(tokens, sizes.keys(), sizes.queries()));
        }
        totals[batch] = (int) tokens;
        past[batch] = prompt ? 0 : (int) tokens - sizes.queries();
        if (past[batch] > cached) {
          throw context.error("a cache of %d has no %d tokens".formatted(cached, past[batch]));
        }
      }
    }

    @Override
    public int from(int batch, int query) {
      return window > 0 ? (int) Math.max(0, past[batch] + query + 1 - window) : 0;
    }

    @Override
    public int to(int batch, int query) {
      return Math.min(past[batch] + query + 1, totals[batch]);
    }

    /**
     * Writes a head's cache: the keys of all heads come before the values of all. What follows the
     * sequence is zeros, the values of padding too, so that no product meets what they hold.
     */
    private void cache(int chunk) {
      int pairs = sizes.batch() * sizes.shared();
      int which = chunk < pairs ? 0 : 1;
      int pair = chunk % pairs;
      int batch = pair / sizes.shared();
      long row = 4L * sizes.size();
      MemorySegment target = caches[which];
      long to = pair * length * row;
      if (past[batch] > 0) {
        MemorySegment old = buffers.input(which == 0 ? PAST_KEY : PAST_VALUE);
        MemorySegment.copy(old, pair * cached * row, target, to, past[batch] * row);
      }
      int steps = which == 0 ? sizes.queries() : totals[batch] - past[batch];
      for (int step = 0; step < steps; step++) {
        long at = copyStep(which, pair, step);
        if (which == 0 && rotated > 0) {
          turn(target, at, position(batch, step));
        }
      }
      long filled = (past[batch] + steps) * row;
      clear(target, to + filled, length * row - filled);
      if (copies) {
        long copy = (long) pair * keys * row;
        MemorySegment.copy(target, to, read[which], copy, filled);
        clear(read[which], copy + filled, keys * row - filled);
      }
    }

    private static void clear(MemorySegment memory, long from, long bytes) {
      for (long at = from; at < from + bytes; at += 4) {
        memory.set(FLOAT, at, 0);
      }
    }

    private void turnQueries(int chunk) {
      long position = position(chunk / sizes.queries(), chunk % sizes.queries());
      long row = 4L * sizes.heads() * sizes.size();
      MemorySegment.copy(given[0], chunk * 4 * widths[0], queries, chunk * row, row);
      for (int head = 0; head < sizes.heads(); head++) {
        turn(queries, chunk * row + 4L * head * sizes.size(), position);
      }
    }

    private long position(int batch, int step) {
      long position = past[batch] + step < totals[batch] ? past[batch] + step : 1;
      if (context.inputOrNull(POSITIONS) != null) {
        position =
            buffers
                .input(POSITIONS)
                .get(ValueLayout.JAVA_LONG_UNALIGNED, 8 * ((long) batch * sizes.queries() + step));
      }
      long rows = cosine.byteSize() / (4L * rotated);
      if (position < 0 || position >= rows) {
        throw context.error("position " + position + " is outside a cache of " + rows);
      }
      return position;
    }

    /** Turns the pairs of a head, whose first elements are the next or all others come after. */
    private void turn(MemorySegment memory, long at, long position) {
      long step = interleaved ? 8 : 4;
      long apart = interleaved ? 4 : 4L * rotated;
      for (int i = 0; i < rotated; i++) {
        long a = at + i * step;
        float cos = cosine.get(FLOAT, 4 * (position * rotated + i));
        float sin = sine.get(FLOAT, 4 * (position * rotated + i));
        float real = memory.get(FLOAT, a);
        float imaginary = memory.get(FLOAT, a + apart);
        memory.set(FLOAT, a, cos * real - sin * imaginary);
        memory.set(FLOAT, a + apart, sin * real + cos * imaginary);
      }
    }
  }
}
