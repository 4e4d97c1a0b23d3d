package io.compresso.technique.quantize;

import io.compresso.graph.Node;
import io.compresso.technique.JobHost;
import io.compresso.technique.Objective;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Finds how many of the layers that hurt most must stay in float for a goal to be met: doubles
 * their number until it is, then bisects. Takes at most {@code maxTrials} measurements, gives up
 * one that the deadline overtakes, and ends with the best that it has found.
 */
final class ExclusionSearch {
  private final Variants variants;
  private final List<Node> ranked;
  private final Objective objective;
  private final JobHost host;
  private final long deadline;
  private final String where;
  private int trialsLeft;
  private Choice best;

  /**
   * A choice of layers to leave in float.
   *
   * @param excluded the layers' outputs
   * @param tried each variant: how many layers, and the loss
   */
  record Choice(Set<String> excluded, double drop, List<String> tried) {
    int trials() {
      return tried.size();
    }

    boolean meets(Objective objective) {
      return drop <= objective.maxDrop() + 1e-9;
    }
  }

  /**
   * A search.
   *
   * @param sensitivity of each layer by its output; those that are missing are taken to hurt least
   */
  ExclusionSearch(
      Variants variants,
      List<Node> layers,
      Map<String, Double> sensitivity,
      Objective objective,
      Limits limits,
      JobHost host) {
    this.variants = variants;
    this.ranked =
        layers.stream()
            .sorted(
                Comparator.comparingDouble((Node node) ->
                    sensitivity.getOrDefault(node.outputs().getFirst(), Double.POSITIVE_INFINITY)))
            .toList();
    this.objective = objective;
    this.host = host;
    this.deadline = limits.deadline();
    this.where = limits.where();
    this.trialsLeft = limits.maxTrials();
    this.best = new Choice(Set.of(), Double.POSITIVE_INFINITY, List.of());
  }

  /**
   * What the search may spend and do.
   *
   * @param deadline in {@link System#nanoTime} terms
   * @param where layers stay that are left out, as in {@code in float}
   */
  record Limits(int maxTrials, long deadline, String where) {}

  /** The fewest exclusions found that meet the goal, else those with the least loss. */
  Choice search() {
    int failing = -1;
    int meeting = -1;
    int count = 0;
    while (meeting < 0 && mayTry()) {
      if (tryWithout(count)) {
        meeting = count;
      } else {
        failing = count;
        if (count >= ranked.size() - 1) {
          return best;
        }
        count = Math.min(ranked.size() - 1, Math.max(1, 2 * count));
      }
    }
    while (meeting - failing > 1 && mayTry()) {
      int middle = (meeting + failing) / 2;
      if (tryWithout(middle)) {
        meeting = middle;
      } else {
        failing = middle;
      }
    }
    return best;
  }

  private boolean mayTry() {
    return trialsLeft > 0 && System.nanoTime() - deadline < 0;
  }

  private boolean tryWithout(int count) {
    Set<String> excluded = new HashSet<>();
    ranked.subList(0, count).forEach(node -> excluded.add(node.outputs().getFirst()));
    double drop;
    try {
      drop = objective.drop(variants.of(keeps(excluded)), layers(count) + " " + where, deadline);
    } catch (Objective.OutOfTimeException e) {
      host.log("%s %s: %s".formatted(layers(count), where, e.getMessage()));
      trialsLeft = 0;
      return false;
    }
    trialsLeft--;
    boolean meets = drop <= objective.maxDrop() + 1e-9;
    boolean bestMeets = best.meets(objective);
    boolean better =
        meets ? !bestMeets || count < best.excluded().size() : !bestMeets && drop < best.drop();
    List<String> tried = new ArrayList<>(best.tried());
    tried.add(String.format(Locale.ROOT, "%d: %.4f", count, drop));
    best =
        better
            ? new Choice(Set.copyOf(excluded), drop, tried)
            : new Choice(best.excluded(), best.drop(), tried);
    host.log("%d layers left out: loss %.4f".formatted(count, drop));
    return meets;
  }

  /**
   * What the reader of the report should know of a choice.
   *
   * @param where the layers stay, as in {@code in float}
   */
  static String note(Choice choice, Objective objective, String where) {
    return String.format(
        Locale.ROOT,
        "exclude auto: %s %s after %d trials, loss %.4f, allowed %.4f; tried %s",
        layers(choice.excluded().size()),
        where,
        choice.tried().size(),
        choice.drop(),
        objective.maxDrop(),
        String.join(", ", choice.tried()));
  }

  private static String layers(int count) {
    return count == 1 ? "1 layer" : count + " layers";
  }

  /** Every node but the layers with these outputs. */
  static Predicate<Node> keeps(Set<String> excluded) {
    return node -> node.outputs().stream().noneMatch(excluded::contains);
  }
}
