package io.compresso.evaluate;

import io.compresso.engine.RunResult.NodeProfile;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Times the operators of two models in our engine, whose runs take turns. */
public final class OperatorBench {
  private OperatorBench() {}

  /**
   * An operator and its median time over the runs.
   *
   * @param micros in microseconds
   */
  public record Timed(NodeProfile operator, double micros) {}

  /**
   * What the runs gave.
   *
   * @param runs of each model
   * @param parent its operators in the order of execution
   * @param child those of the other
   */
  public record Result(int runs, List<Timed> parent, List<Timed> child) {}

  /** Warms both up, then profiles them in turns. Each gets its own inputs. */
  public static Result measure(
      EngineRunner parent,
      Map<String, ? extends Value> parentInputs,
      EngineRunner child,
      Map<String, ? extends Value> childInputs,
      LatencyOptions options) {
    Rows first = new Rows(parent, parentInputs);
    Rows second = new Rows(child, childInputs);
    first.warmUp(options);
    second.warmUp(options);
    long end = System.nanoTime() + options.measure().toNanos();
    int runs = 0;
    while (runs < options.maxPairs() && (runs < options.minPairs() || System.nanoTime() < end)) {
      if ((runs & 1) == 0) {
        first.add();
        second.add();
      } else {
        second.add();
        first.add();
      }
      runs++;
    }
    return new Result(runs, first.medians(), second.medians());
  }

  /** The profiles of one model's runs. */
  private static final class Rows {
    private final EngineRunner runner;
    private final Map<String, ? extends Value> inputs;
    private final List<long[]> runs = new ArrayList<>();
    private List<NodeProfile> operators = List.of();

    Rows(EngineRunner runner, Map<String, ? extends Value> inputs) {
      this.runner = runner;
      this.inputs = inputs;
    }

    void warmUp(LatencyOptions options) {
      long end = System.nanoTime() + options.warmUp().toNanos();
      do {
        operators = runner.profile(inputs);
      } while (System.nanoTime() < end);
    }

    void add() {
      List<NodeProfile> rows = runner.profile(inputs);
      // A run whose inputs lead elsewhere has other operators.
      if (rows.size() == operators.size()) {
        runs.add(rows.stream().mapToLong(NodeProfile::nanos).toArray());
      }
    }

    List<Timed> medians() {
      List<Timed> rows = new ArrayList<>();
      for (int i = 0; i < operators.size() && !runs.isEmpty(); i++) {
        int at = i;
        double[] sorted = runs.stream().mapToDouble(run -> run[at]).sorted().toArray();
        rows.add(new Timed(operators.get(i), Percentiles.at(sorted, 0.5) / 1e3));
      }
      return List.copyOf(rows);
    }
  }
}
