package io.compresso.technique.quantize;

import io.compresso.technique.BatchSource;
import io.compresso.technique.StepContext;
import java.util.List;
import java.util.Locale;

/**
 * One pass over calibration data. It ends early, but not before {@value #FEWEST_SAMPLES} samples,
 * when its share of the job's minutes is spent.
 */
final class CalibrationPass {
  /** The share of a pass that finds ranges. */
  static final double SHARE = 0.3;

  /** The share of a pass that prepares another. */
  static final double SMALL_SHARE = 0.05;

  /** Samples that are always taken: fewer say nothing of ranges. */
  static final int FEWEST_SAMPLES = 8;

  private final StepContext context;
  private final BatchSource source;
  private final double share;
  private final long deadline;
  private long done;
  private boolean cut;

  private CalibrationPass(StepContext context, BatchSource source, double share) {
    this.context = context;
    this.source = source;
    this.share = share;
    this.deadline = System.nanoTime() + (long) (context.budget().maxMinutes() * 60e9 * share);
  }

  /**
   * Gives batches to {@code consumer}.
   *
   * @param what the pass, for people
   * @param notes receives how many samples were taken, if it were not all
   * @return the samples that were taken
   */
  static long run(
      StepContext context,
      BatchSource source,
      double share,
      String what,
      List<String> notes,
      BatchSource.Consumer consumer) {
    CalibrationPass pass = new CalibrationPass(context, source, share);
    source.forEachWhile(
        pass::goesOn,
        (inputs, count) -> {
          context.host().checkpoint();
          consumer.accept(inputs, count);
          pass.done += count;
        });
    if (pass.cut) {
      notes.add(pass.note(what));
    }
    return pass.done;
  }

  private boolean goesOn() {
    cut |= done >= FEWEST_SAMPLES && System.nanoTime() - deadline > 0;
    return !cut;
  }

  private String note(String what) {
    return String.format(
        Locale.ROOT,
        "budget: %s took %d of %d samples, when %.0f %% of budget.maxMinutes (%s) were spent",
        what,
        done,
        source.samples(),
        100 * share,
        context.budget().maxMinutes());
  }
}
