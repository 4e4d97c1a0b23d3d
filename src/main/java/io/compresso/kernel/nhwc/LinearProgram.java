package io.compresso.kernel.nhwc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * How a product of a small constant matrix with a vector is computed with few operations: rows, or
 * columns, that differ in signs share their sums.
 *
 * <p>Values are numbered: first the inputs, then the steps.
 *
 * @param inputs elements of the vector
 * @param steps sums of earlier values, in the order in which they are computed
 * @param outputs the value of each element of the product, {@link #ZERO} where it is 0
 */
public record LinearProgram(int inputs, List<Step> steps, List<Integer> outputs) {
  /** The output that is 0. */
  public static final int ZERO = -1;

  /** A value times a factor. */
  public record Term(double factor, int value) {}

  /** A sum; terms with the factor 1 come first, those with -1 last. */
  public record Step(List<Term> terms) {
    public Step {
      terms = terms.stream().sorted(Comparator.comparingInt(Step::rank)).toList();
    }

    private static int rank(Term term) {
      return term.factor() == 1 ? 0 : term.factor() == -1 ? 2 : 1;
    }
  }

  public LinearProgram {
    steps = List.copyOf(steps);
    outputs = List.copyOf(outputs);
  }

  /** The program of fewer terms, of the one that pairs rows and the one that pairs columns. */
  public static LinearProgram of(double[][] matrix) {
    LinearProgram rows = ofRowPairs(matrix);
    LinearProgram columns = ofColumnPairs(matrix);
    return rows.terms() <= columns.terms() ? rows : columns;
  }

  private int terms() {
    return steps.stream().mapToInt(step -> step.terms().size()).sum();
  }

  private static LinearProgram ofRowPairs(double[][] matrix) {
    Builder builder = new Builder(matrix[0].length);
    Integer[] outputs = new Integer[matrix.length];
    for (int row = 0; row < matrix.length; row++) {
      if (outputs[row] != null) {
        continue;
      }
      int partner = partner(matrix, row, outputs);
      if (partner < 0) {
        outputs[row] = builder.sum(matrix[row]);
        continue;
      }
      int half = builder.sum(combine(matrix[row], matrix[partner], 0.5));
      int rest = builder.sum(combine(matrix[row], matrix[partner], -0.5));
      outputs[row] = builder.step(new Term(1, half), new Term(1, rest));
      outputs[partner] = builder.step(new Term(1, half), new Term(-1, rest));
    }
    return builder.build(List.of(outputs));
  }

  /** The row with which a row shares the most, or -1. */
  private static int partner(double[][] matrix, int row, Integer[] outputs) {
    int best = -1;
    int most = 0;
    for (int other = row + 1; other < matrix.length; other++) {
      if (outputs[other] != null) {
        continue;
      }
      int apart = count(matrix[row]) + count(matrix[other]);
      int paired =
          count(combine(matrix[row], matrix[other], 0.5))
              + count(combine(matrix[row], matrix[other], -0.5));
      if (apart - paired > most) {
        most = apart - paired;
        best = other;
      }
    }
    return best;
  }

  private static LinearProgram ofColumnPairs(double[][] matrix) {
    double[][] columns = transpose(matrix);
    int inputs = columns.length;
    Builder builder = new Builder(inputs);
    List<Integer> values = new ArrayList<>();
    List<double[]> mixed = new ArrayList<>();
    Integer[] used = new Integer[inputs];
    for (int column = 0; column < inputs; column++) {
      if (used[column] != null) {
        continue;
      }
      int partner = partner(columns, column, used);
      if (partner < 0) {
        values.add(column);
        mixed.add(columns[column]);
        continue;
      }
      used[partner] = column;
      values.add(builder.step(new Term(1, column), new Term(1, partner)));
      mixed.add(combine(columns[column], columns[partner], 0.5));
      values.add(builder.step(new Term(1, column), new Term(-1, partner)));
      mixed.add(combine(columns[column], columns[partner], -0.5));
    }
    List<Integer> outputs = new ArrayList<>();
    for (int row = 0; row < matrix.length; row++) {
      List<Term> terms = new ArrayList<>();
      for (int i = 0; i < values.size(); i++) {
        terms.add(new Term(mixed.get(i)[row], values.get(i)));
      }
      outputs.add(builder.step(terms.toArray(Term[]::new)));
    }
    return builder.build(outputs);
  }

  /** {@code |factor| left + factor right}. */
  private static double[] combine(double[] left, double[] right, double factor) {
    double[] result = new double[left.length];
    Arrays.setAll(result, i -> Math.abs(factor) * left[i] + factor * right[i]);
    return result;
  }

  private static int count(double[] row) {
    return (int) Arrays.stream(row).filter(x -> x != 0).count();
  }

  private static double[][] transpose(double[][] matrix) {
    double[][] result = new double[matrix[0].length][matrix.length];
    for (int i = 0; i < matrix.length; i++) {
      for (int j = 0; j < matrix[i].length; j++) {
        result[j][i] = matrix[i][j];
      }
    }
    return result;
  }

  /**
   * The same for vectors some of whose elements are 0.
   *
   * @param from the first element that may not be 0
   * @param to the element after the last that may not be 0
   */
  public LinearProgram within(int from, int to) {
    Builder builder = new Builder(inputs);
    List<Integer> values = new ArrayList<>();
    for (int input = 0; input < inputs; input++) {
      values.add(input >= from && input < to ? input : ZERO);
    }
    for (Step step : steps) {
      Term[] terms =
          step.terms().stream()
              .map(term -> new Term(term.factor(), values.get(term.value())))
              .toArray(Term[]::new);
      values.add(builder.step(terms));
    }
    return builder.build(
        outputs.stream().map(value -> value == ZERO ? ZERO : values.get(value)).toList());
  }

  /** The first {@code count} outputs only. */
  public LinearProgram first(int count) {
    List<Integer> kept = outputs.subList(0, count);
    boolean[] needed = new boolean[inputs + steps.size()];
    kept.stream().filter(value -> value != ZERO).forEach(value -> needed[value] = true);
    for (int i = steps.size() - 1; i >= 0; i--) {
      if (needed[inputs + i]) {
        steps.get(i).terms().forEach(term -> needed[term.value()] = true);
      }
    }
    Builder builder = new Builder(inputs);
    List<Integer> values = new ArrayList<>();
    for (int input = 0; input < inputs; input++) {
      values.add(input);
    }
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      values.add(
          needed[inputs + i]
              ? builder.step(
                  step.terms().stream()
                      .map(term -> new Term(term.factor(), values.get(term.value())))
                      .toArray(Term[]::new))
              : ZERO);
    }
    return builder.build(
        kept.stream().map(value -> value == ZERO ? ZERO : values.get(value)).toList());
  }

  /** The product with a vector. */
  double[] apply(double[] vector) {
    double[] values = Arrays.copyOf(vector, inputs + steps.size());
    for (int i = 0; i < steps.size(); i++) {
      for (Term term : steps.get(i).terms()) {
        values[inputs + i] += term.factor() * values[term.value()];
      }
    }
    return outputs.stream().mapToDouble(value -> value == ZERO ? 0 : values[value]).toArray();
  }

  private static final class Builder {
    private final int inputs;
    private final List<Step> steps = new ArrayList<>();

    Builder(int inputs) {
      this.inputs = inputs;
    }

    int sum(double[] row) {
      Term[] terms = new Term[row.length];
      Arrays.setAll(terms, i -> new Term(row[i], i));
      return step(terms);
    }

    /** A step without the terms that are 0; none when a value says it already. */
    int step(Term... terms) {
      List<Term> kept =
          Arrays.stream(terms).filter(term -> term.factor() != 0 && term.value() != ZERO).toList();
      Optional<Term> only = kept.size() == 1 ? Optional.of(kept.getFirst()) : Optional.empty();
      if (kept.isEmpty()) {
        return ZERO;
      }
      if (only.isPresent() && only.get().factor() == 1) {
        return only.get().value();
      }
      steps.add(new Step(kept));
      return inputs + steps.size() - 1;
    }

    LinearProgram build(List<Integer> outputs) {
      return new LinearProgram(inputs, steps, outputs);
    }
  }
}
