package io.compresso.compress;

import io.compresso.data.Selection;
import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import java.util.Map;

/** What a selection picks, told from the description of a data set. */
final class DataSelection {
  private DataSelection() {}

  /**
   * The number of samples that a selection picks.
   *
   * @param field what to blame
   * @throws ProblemException when there are none, or classes are asked for and there are none
   */
  static long count(Selection selection, long samples, Map<String, Long> classes, String field) {
    if (selection.perClass() && classes.isEmpty()) {
      throw invalid(field, "selects within classes, but the data set has no class labels");
    }
    long picked =
        selection.perClass()
            ? classes.values().stream().mapToLong(size -> within(selection, size)).sum()
            : within(selection, samples);
    picked = (long) Math.ceil(picked * selection.fraction());
    long count = selection.rest() ? samples - picked : picked;
    if (count <= 0) {
      throw invalid(
          field,
          "selects nothing: the data set has "
              + samples
              + " samples"
              + (selection.perClass() ? " in " + classes.size() + " classes" : ""));
    }
    return count;
  }

  private static long within(Selection selection, long size) {
    Long end = selection.to();
    long to = end == null ? size : Math.min(end, size);
    long positions = Math.max(0, to - selection.from());
    return Math.ceilDiv(positions, selection.step());
  }

  private static ProblemException invalid(String field, String message) {
    return ProblemException.invalid(
        Problem.of("invalid-job-spec", field + ": " + message).atField(Json.pointer(field)));
  }
}
