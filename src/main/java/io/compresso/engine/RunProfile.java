package io.compresso.engine;

import io.compresso.engine.Plan.Step;
import io.compresso.engine.RunResult.BodyProfile;
import io.compresso.engine.RunResult.KernelUse;
import io.compresso.engine.RunResult.NodeProfile;
import io.compresso.engine.RunResult.Refused;
import io.compresso.engine.pass.Origins;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.KernelCatalog;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the steps of a run cost, in the order in which they began; those of a subgraph under the
 * step that runs it, all its turns together.
 */
final class RunProfile {
  private final Map<Step, Row> rows = new LinkedHashMap<>();

  /** The row of a step, from its first call on. */
  Row row(Step step) {
    return rows.computeIfAbsent(step, Row::new);
  }

  List<NodeProfile> nodes() {
    return rows.values().stream().map(Row::node).toList();
  }

  /** What all calls of one step cost. */
  static final class Row {
    private final Step step;
    private final Set<KernelStore.Key> kernels = new LinkedHashSet<>();
    private final Map<String, RunProfile> bodies = new LinkedHashMap<>();
    private long calls;
    private long nanos;
    private long bytes;

    private Row(Step step) {
      this.step = step;
    }

    /** The profile of a subgraph of the step, or of the function that it calls. */
    RunProfile body(Plan body) {
      return bodies.computeIfAbsent(step.bodyName(body), _ -> new RunProfile());
    }

    /** A call that has ended. */
    void add(long took, long outputBytes, List<KernelStore.Key> ran) {
      calls++;
      nanos += took;
      bytes += outputBytes;
      kernels.addAll(ran);
    }

    private NodeProfile node() {
      List<BodyProfile> inner = new ArrayList<>();
      bodies.forEach((name, profile) -> inner.add(new BodyProfile(name, profile.nodes())));
      return new NodeProfile(
          step.node.label(),
          step.node.opType(),
          Origins.of(step.node),
          calls,
          nanos,
          bytes,
          kernels.stream().map(Row::use).toList(),
          List.copyOf(inner));
    }

    private static KernelUse use(KernelStore.Key key) {
      KernelCatalog.Selection selection = KernelCatalog.select(key.problem(), CpuFeatures.host());
      return new KernelUse(
          selection.kernel().spec().id(),
          key.problem().toString(),
          selection.refusals().stream()
              .map(refusal -> new Refused(refusal.kernel().id(), refusal.reason()))
              .toList());
    }
  }
}
