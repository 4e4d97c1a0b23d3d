package io.compresso.technique.quantize;

import io.compresso.evaluate.PeerException;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.technique.BatchSource;
import io.compresso.technique.Objective;
import io.compresso.technique.StepContext;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What every method does after it knows how to compress each layer: measure what each alone costs,
 * and leave out those that the job's goal asks to, within the budget.
 */
final class LayerSearch {
  private static final double SHARE = 0.2;
  private static final double DROP_SHARE = 0.05;
  private static final double MOST_MINUTES = 1;

  /** Where layers stay that are left out, for people. */
  static final String FLOAT = "in float";

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

  /** What each layer alone costs, as far as there is data and time; those that hurt most first. */
  LayerEffects sensitivity(Variants variants, List<Node> layers) {
    BatchSource calibration = context.calibration();
    Map<String, Double> ratios =
        calibration == null
            ? Map.of()
            : Sensitivity.measure(
                prepared,
                variants,
                layers,
                calibration,
                ActivationSource.in(context.work()),
                context.host().within(StaticQuantizer.CALIBRATION_SHARE, 1),
                deadline(context));
    return new LayerEffects(ratios, drops(variants, layers, ratios));
  }

  private Map<String, Double> drops(
      Variants variants, List<Node> layers, Map<String, Double> ratios) {
    Objective objective = context.objective();
    Map<String, Double> drops = new LinkedHashMap<>();
    if (objective == null) {
      return drops;
    }
    double minutes = Math.min(MOST_MINUTES, context.budget().maxMinutes() * DROP_SHARE);
    long deadline = System.nanoTime() + (long) (minutes * 60e9);
    Set<String> outputs =
        layers.stream().map(layer -> layer.outputs().getFirst()).collect(Collectors.toSet());
    List<String> worstFirst =
        layers.stream()
            .map(layer -> layer.outputs().getFirst())
            .sorted(
                Comparator.comparingDouble(
                    (String output) -> ratios.getOrDefault(output, Double.POSITIVE_INFINITY)))
            .limit(context.budget().maxTrials())
            .toList();
    for (String output : worstFirst) {
      if (System.nanoTime() - deadline > 0) {
        break;
      }
      Set<String> others = new HashSet<>(outputs);
      others.remove(output);
      try {
        drops.put(
            output, objective.quickDrop(variants.of(ExclusionSearch.keeps(others)), deadline));
      } catch (Objective.OutOfTimeException _) {
        break;
      } catch (GraphException | PeerException e) {
        context.host().log("loss of single layers is not measured: " + e.getMessage());
        break;
      }
    }
    return drops;
  }

  /**
   * The outputs of the layers to leave in float: none unless the job asks for auto and has a goal.
   *
   * @param notes receives what was found
   */
  Set<String> excluded(
      Variants variants,
      List<Node> layers,
      LayerEffects effects,
      boolean auto,
      List<String> notes) {
    if (!auto) {
      return Set.of();
    }
    Objective objective = context.objective();
    if (objective == null || !objective.isGoal()) {
      notes.add("exclude auto left nothing out: it needs goals.accuracy and data.eval");
      return Set.of();
    }
    ExclusionSearch.Choice choice =
        search(variants, layers, effects, objective, limits(context.budget().maxTrials(), FLOAT));
    notes.add(ExclusionSearch.note(choice, objective, FLOAT));
    return choice.excluded();
  }

  /** A search's limits: the trials, and the step's share of the job's time. */
  ExclusionSearch.Limits limits(int trials, String where) {
    return new ExclusionSearch.Limits(trials, deadline(context), where);
  }

  /** The fewest layers, of those that hurt most first, that must be left out to reach the goal. */
  ExclusionSearch.Choice search(
      Variants variants,
      List<Node> layers,
      LayerEffects effects,
      Objective objective,
      ExclusionSearch.Limits limits) {
    return new ExclusionSearch(
            variants, new ArrayList<>(layers), effects.ratios(), objective, limits, context.host())
        .search();
  }
}
