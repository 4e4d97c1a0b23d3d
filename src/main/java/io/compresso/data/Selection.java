package io.compresso.data;

import static java.util.Objects.requireNonNullElse;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which samples to take, the same each time. Samples stand in the data set's order, or in the one
 * that {@code shuffle} seeds; of these the positions {@code from} (inclusive) to {@code to}
 * (exclusive) are taken, every {@code step}th of them, counted over all samples or within each
 * class. {@code fraction} takes the first part of what is left. {@code rest} takes everything else.
 *
 * @param from the first position, from 0
 * @param to the end, exclusive; null for the last. A set, or a class, may have fewer
 * @param step at least 1
 * @param perClass whether positions are counted within each class
 * @param shuffle the seed of the order; null for the data set's own
 * @param fraction in (0, 1]
 * @param rest whether the samples that are not selected are taken instead
 */
public record Selection(
    long from,
    @Nullable Long to,
    long step,
    boolean perClass,
    @Nullable Long shuffle,
    double fraction,
    boolean rest) {
  /** Everything, in order. */
  public static final Selection ALL = new Selection(0, null, 1, false, null, 1, false);

  public Selection {
    if (from < 0) {
      throw SpecReader.invalid("selection.from", "must not be negative");
    }
    if (to != null && to <= from) {
      throw SpecReader.invalid("selection.to", "must be above from = " + from + ", not " + to);
    }
    if (step < 1) {
      throw SpecReader.invalid("selection.step", "must be at least 1");
    }
    if (!(fraction > 0 && fraction <= 1)) {
      throw SpecReader.invalid("selection.fraction", "must be above 0 and at most 1");
    }
  }

  /** Positions {@code from} (inclusive) to {@code to} (exclusive). */
  public static Selection range(long from, long to) {
    return new Selection(from, to, 1, false, null, 1, false);
  }

  /** Positions {@code from} (inclusive) to {@code to} (exclusive) within each class. */
  public static Selection perClass(long from, long to) {
    return new Selection(from, to, 1, true, null, 1, false);
  }

  /** The selection held by a map, with the components' names as keys, all optional. */
  public static Selection of(Map<String, ?> map) {
    SpecReader spec = new SpecReader("selection", map);
    Selection selection =
        new Selection(
            requireNonNullElse(spec.whole("from", 0), 0L),
            spec.whole("to", 1),
            requireNonNullElse(spec.whole("step", 1), 1L),
            requireNonNullElse(spec.flag("perClass"), false),
            spec.whole("shuffle", 0),
            requireNonNullElse(spec.number("fraction"), 1.0),
            requireNonNullElse(spec.flag("rest"), false));
    spec.end();
    return selection;
  }
}
