package io.compresso.technique.quantize;

import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.BatchSource;
import io.compresso.technique.Objective;
import io.compresso.technique.StepContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What every method does after it knows how to compress each layer: measure what each alone costs,
 * and leave out those that the job's goal asks to, within the budget.
 */
final class LayerSearch {
  private static final double SHARE = 0.3;

  private final Model prepared;
  private final StepContext context;

  LayerSearch(Model prepared, StepContext context) {
    this.prepared = prepared;
    this.context = context;
  }

  /** When a part of the step must end, in {@link System#nanoTime} terms. */
  static long deadline(StepContext context) {
    return System.nanoTime() + (long) (context.budget().maxMinutes() * 60e9 * SHARE);
  }

  /** What each layer alone costs, by its output; empty without calibration data. */
  Map<String, Double> sensitivity(Variants variants, List<Node> layers) {
    BatchSource calibration = context.calibration();
    return calibration == null
        ? Map.of()
        : Sensitivity.measure(
            prepared,
            variants,
            layers,
            calibration,
            ActivationSource.in(context.work()),
            context.host().within(StaticQuantizer.CALIBRATION_SHARE, 1),
            deadline(context));
  }

  /**
   * The outputs of the layers to leave in float: none unless the job asks for auto and has a goal.
   *
   * @param notes receives what was found
   */
  Set<String> excluded(
      Variants variants,
      List<Node> layers,
      Map<String, Double> ratios,
      boolean auto,
      List<String> notes) {
    if (!auto) {
      return Set.of();
    }
    Objective objective = context.objective();
    if (objective == null) {
      notes.add("exclude auto left nothing out: it needs goals.accuracy and data.eval");
      return Set.of();
    }
    ExclusionSearch.Choice choice =
        search(variants, layers, ratios, objective, context.budget().maxTrials());
    notes.add(ExclusionSearch.note(choice, objective, "in float"));
    return choice.excluded();
  }

  /** The fewest layers, of those that hurt most first, that must be left out to reach the goal. */
  ExclusionSearch.Choice search(
      Variants variants,
      List<Node> layers,
      Map<String, Double> ratios,
      Objective objective,
      int maxTrials) {
    return new ExclusionSearch(
            variants,
            new ArrayList<>(layers),
            ratios,
            objective,
            new ExclusionSearch.Limits(maxTrials, deadline(context)),
            context.host())
        .search();
  }
}
