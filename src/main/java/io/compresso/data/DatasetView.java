package io.compresso.data;

import java.util.Arrays;
import java.util.BitSet;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** The samples of another data set that a {@link Selection} picks. */
final class DatasetView implements Dataset {
  private final Dataset dataset;
  private final LongUnaryOperator indices;
  private final long size;

  private DatasetView(Dataset dataset, LongUnaryOperator indices, long size) {
    this.dataset = dataset;
    this.indices = indices;
    this.size = size;
  }

  static Dataset of(Dataset dataset, Selection selection) {
    long total = dataset.size();
    LongUnaryOperator order =
        selection.shuffle() == null
            ? LongUnaryOperator.identity()
            : new Permutation(total, selection.shuffle());
    if (selection.perClass() || selection.rest()) {
      long[] picked = pick(dataset, selection, order);
      requireSome(picked.length, selection, dataset);
      return new DatasetView(dataset, i -> picked[(int) i], picked.length);
    }
    long from = selection.from();
    long step = selection.step();
    long size = count(total, selection);
    requireSome(size, selection, dataset);
    return new DatasetView(dataset, i -> order.applyAsLong(from + i * step), size);
  }

  private static void requireSome(long size, Selection selection, Dataset dataset) {
    if (size == 0) {
      throw SpecReader.invalid(
          "selection",
          "picks nothing: the data set has "
              + dataset.size()
              + " samples"
              + (selection.perClass() ? " in " + dataset.classHistogram() : "")
              + ", the selection starts at "
              + selection.from());
    }
  }

  /** How many of {@code total} positions the selection takes, {@code rest} aside. */
  private static long count(long total, Selection selection) {
    long end = selection.to() == null ? total : Math.min(selection.to(), total);
    if (end <= selection.from()) {
      return 0;
    }
    long count = (end - selection.from() + selection.step() - 1) / selection.step();
    return selection.fraction() == 1
        ? count
        : Math.max(1, Math.round(count * selection.fraction()));
  }

  private static long[] pick(Dataset dataset, Selection selection, LongUnaryOperator order) {
    int total = requireInt(dataset);
    int groups = selection.perClass() ? classes(dataset) : 1;
    long[] limits = new long[groups];
    if (selection.perClass()) {
      for (long i = 0; i < total; i++) {
        limits[classOf(dataset, i)]++;
      }
    } else {
      limits[0] = total;
    }
    for (int group = 0; group < groups; group++) {
      limits[group] = count(limits[group], selection);
    }
    long[] seen = new long[groups];
    BitSet positions = new BitSet(total);
    for (int position = 0; position < total; position++) {
      int group = selection.perClass() ? classOf(dataset, order.applyAsLong(position)) : 0;
      long offset = seen[group]++ - selection.from();
      if (offset >= 0
          && offset % selection.step() == 0
          && offset / selection.step() < limits[group]) {
        positions.set(position);
      }
    }
    if (selection.rest()) {
      positions.flip(0, total);
    }
    long[] picked = new long[positions.cardinality()];
    int next = 0;
    for (int p = positions.nextSetBit(0); p >= 0; p = positions.nextSetBit(p + 1)) {
      picked[next++] = order.applyAsLong(p);
    }
    return Arrays.copyOf(picked, next);
  }

  private static int requireInt(Dataset dataset) {
    if (dataset.size() > Integer.MAX_VALUE - 8) {
      throw SpecReader.invalid(
          "selection", "perClass and rest need fewer than 2^31 samples, not " + dataset.size());
    }
    return (int) dataset.size();
  }

  private static int classes(Dataset dataset) {
    DatasetSchema.LabelSchema label = dataset.schema().label();
    if (label == null || label.kind() != LabelKind.CLASS) {
      throw SpecReader.invalid(
          "selection.perClass", "the data set has no class labels to count within");
    }
    return label.size();
  }

  private static int classOf(Dataset dataset, long index) {
    if (dataset.label(index) instanceof Label.ClassIndex(int label)) {
      return label;
    }
    throw new IllegalStateException("sample " + index + " has no class label");
  }

  @Override
  public DatasetSchema schema() {
    return dataset.schema();
  }

  @Override
  public long size() {
    return size;
  }

  private long index(long index) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException("sample " + index + " of " + size);
    }
    return indices.applyAsLong(index);
  }

  @Override
  public Sample get(long index) {
    return dataset.get(index(index));
  }

  @Override
  public @Nullable Label label(long index) {
    return dataset.label(index(index));
  }

  @Override
  public String describe(long index) {
    return dataset.describe(index(index));
  }

  @Override
  public void close() {}

  /**
   * A seeded permutation of {@code [0, size)} that takes no memory: a balanced Feistel network over
   * the next even number of bits, walked until it lands inside.
   */
  private static final class Permutation implements LongUnaryOperator {
    private static final int ROUNDS = 6;
    private final long size;
    private final long seed;
    private final int half;

    Permutation(long size, long seed) {
      this.size = size;
      this.seed = seed;
      int bits = Math.max(2, 64 - Long.numberOfLeadingZeros(Math.max(1, size - 1)));
      this.half = (bits + 1) / 2;
    }

    @Override
    public long applyAsLong(long index) {
      long mask = (1L << half) - 1;
      long value = index;
      do {
        long left = value >>> half;
        long right = value & mask;
        for (int round = 0; round < ROUNDS; round++) {
          long next = left ^ mix(right + (seed ^ mix(round + 1))) & mask;
          left = right;
          right = next;
        }
        value = left << half | right;
      } while (value >= size);
      return value;
    }

    /** The finalizer of SplitMix64. */
    private static long mix(long value) {
      long z = value + 0x9E3779B97F4A7C15L;
      z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
      z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
      return z ^ z >>> 31;
    }
  }
}
