package io.compresso.technique;

import io.compresso.evaluate.OperatorBench;
import io.compresso.evaluate.OperatorBench.Timed;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts the operators of two compiled graphs side by side: those belong together that stand for a
 * common node of the models, directly or by way of others.
 */
final class OperatorGroups {
  /** Groups that a report lists; the rest is one row. */
  private static final int MOST_ROWS = 60;

  private static final int MOST_LABELS = 8;

  /** What of a compiled graph's operators says that it computes on integers. */
  private static final String INTEGER_FORM = "Quantized";

  private final Map<String, String> parents = new HashMap<>();

  private OperatorGroups() {}

  static Report.Operators of(OperatorBench.Result measured, long batch, int threads) {
    OperatorGroups groups = new OperatorGroups();
    measured.parent().forEach(groups::join);
    measured.child().forEach(groups::join);
    Map<String, Group> byRoot = new LinkedHashMap<>();
    for (Timed row : measured.parent()) {
      byRoot.computeIfAbsent(groups.root(row), _ -> new Group()).addParent(row);
    }
    for (Timed row : measured.child()) {
      byRoot.computeIfAbsent(groups.root(row), _ -> new Group()).addChild(row);
    }
    List<Group> sorted =
        byRoot.values().stream()
            .sorted(Comparator.comparingDouble(Group::longest).reversed())
            .toList();
    List<Report.Operator> rows = new ArrayList<>();
    Group rest = new Group();
    for (Group group : sorted) {
      if (rows.size() < MOST_ROWS || sorted.size() == MOST_ROWS + 1) {
        rows.add(group.row());
      } else {
        rest.add(group);
      }
    }
    if (rest.longest() > 0) {
      rows.add(rest.row());
    }
    return new Report.Operators(
        "compresso",
        batch,
        threads,
        measured.runs(),
        sum(measured.parent()),
        sum(measured.child()),
        types(sorted),
        rows);
  }

  private static double sum(List<Timed> rows) {
    return rows.stream().mapToDouble(Timed::micros).sum();
  }

  private static List<Report.OperatorType> types(List<Group> groups) {
    Map<String, double[]> types = new LinkedHashMap<>();
    for (Group group : groups) {
      double[] both = types.computeIfAbsent(group.type(), _ -> new double[2]);
      both[0] += group.parentMicros;
      both[1] += group.childMicros;
    }
    return types.entrySet().stream()
        .map(type -> new Report.OperatorType(type.getKey(), type.getValue()[0], type.getValue()[1]))
        .sorted(
            Comparator.comparingDouble(
                    (Report.OperatorType type) -> Math.max(type.parentMicros(), type.childMicros()))
                .reversed())
        .toList();
  }

  private void join(Timed row) {
    String root = root(row);
    for (String label : row.operator().origins()) {
      parents.put(root(label), root);
    }
  }

  private String root(Timed row) {
    List<String> origins = row.operator().origins();
    return root(origins.isEmpty() ? row.operator().node() : origins.getFirst());
  }

  private String root(String label) {
    String at = label;
    for (String up = parents.get(at); up != null && !up.equals(at); up = parents.get(at)) {
      at = up;
    }
    parents.put(label, at);
    return at;
  }

  /** Operators that belong together. */
  private static final class Group {
    private final Set<String> parentNodes = new LinkedHashSet<>();
    private final Set<String> childNodes = new LinkedHashSet<>();
    private final Set<String> parentOperators = new LinkedHashSet<>();
    private final Set<String> childOperators = new LinkedHashSet<>();
    private final Set<String> parentKernels = new LinkedHashSet<>();
    private final Set<String> childKernels = new LinkedHashSet<>();
    private double parentMicros;
    private double childMicros;
    private double mainMicros = -1;
    private String mainNode = "";
    private String type = "";

    void addParent(Timed row) {
      parentNodes.addAll(row.operator().origins());
      parentOperators.add(row.operator().opType());
      row.operator().kernels().forEach(use -> parentKernels.add(use.kernel()));
      parentMicros += row.micros();
      lead(row);
    }

    void addChild(Timed row) {
      childNodes.addAll(row.operator().origins());
      childOperators.add(row.operator().opType());
      row.operator().kernels().forEach(use -> childKernels.add(use.kernel()));
      childMicros += row.micros();
      if (parentNodes.isEmpty()) {
        lead(row);
      }
    }

    /** A group is of the kind of its longest operator. */
    private void lead(Timed row) {
      if (row.micros() > mainMicros) {
        mainMicros = row.micros();
        type = row.operator().opType();
        mainNode = row.operator().node();
      }
    }

    void add(Group other) {
      parentMicros += other.parentMicros;
      childMicros += other.childMicros;
    }

    double longest() {
      return Math.max(parentMicros, childMicros);
    }

    String type() {
      return type.startsWith(INTEGER_FORM) ? type.substring(INTEGER_FORM.length()) : type;
    }

    Report.Operator row() {
      return new Report.Operator(
          few(mainFirst(parentNodes.isEmpty() ? childNodes : parentNodes)),
          few(parentOperators),
          few(childOperators),
          parentMicros,
          childMicros,
          few(parentKernels),
          few(childKernels));
    }

    /** The nodes, the one in front that the longest operator is named after. */
    private Set<String> mainFirst(Set<String> nodes) {
      Set<String> ordered = new LinkedHashSet<>();
      if (nodes.contains(mainNode)) {
        ordered.add(mainNode);
      }
      ordered.addAll(nodes);
      return ordered;
    }

    private static List<String> few(Set<String> all) {
      return all.stream().limit(MOST_LABELS).toList();
    }
  }
}
