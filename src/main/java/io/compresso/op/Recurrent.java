package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the recurrent operators share: sequences {@code [steps, batch, input]}, one or two
 * directions, gates stacked along the rows of the weights.
 */
abstract class Recurrent implements Operator {
  /** How many gates are stacked in the weights. */
  abstract int gates();

  /** The activations of one direction when the node names none. */
  abstract List<String> defaultActivations();

  /** Whether there is a cell state beside the hidden state. */
  boolean hasCell() {
    return false;
  }

  /**
   * One step of one sequence.
   *
   * @param x the gates' inputs from the data, their bias included: {@code [gates * hidden]}
   * @param h the hidden state, to be replaced
   * @param c the cell state, to be replaced; empty without one
   */
  abstract void step(Cell cell, double[] x, double[] h, double[] c);

  /**
   * The constants of one direction.
   *
   * @param hidden the size of the state
   * @param recurrence the recurrent weights, transposed: {@code [hidden, gates * hidden]}
   * @param bias the recurrent bias {@code [gates * hidden]}
   * @param peepholes {@code [3 * hidden]}, or null
   * @param flag {@code linear_before_reset} or {@code input_forget}
   */
  record Cell(
      int hidden,
      double[] recurrence,
      double[] bias,
      double @Nullable [] peepholes,
      Activation[] activations,
      double clip,
      boolean flag) {
    /** {@code h . R^T} for the gates from {@code from} to {@code to}, without bias. */
    double[] recur(double[] h, int from, int to) {
      int width = bias.length;
      double[] sums = new double[(to - from) * hidden];
      for (int k = 0; k < hidden; k++) {
        double factor = h[k];
        int row = k * width + from * hidden;
        for (int n = 0; n < sums.length; n++) {
          sums[n] += factor * recurrence[row + n];
        }
      }
      return sums;
    }

    double activate(int index, double x) {
      return activations[index].apply(Math.max(-clip, Math.min(clip, x)));
    }
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 7, 14, 22);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.empty();
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = context.dtype(0);
      List<Dim> x = context.dims(0);
      List<Dim> r = context.dims(2);
      boolean batchFirst = context.node().intAttribute("layout", 0) != 0;
      Dim steps = x == null || x.size() != 3 ? Dim.UNKNOWN : x.get(batchFirst ? 1 : 0);
      Dim batch = x == null || x.size() != 3 ? Dim.UNKNOWN : x.get(batchFirst ? 0 : 1);
      Dim hidden = r == null || r.size() != 3 ? Dim.UNKNOWN : r.get(2);
      boolean both = context.node().stringAttribute("direction", "forward").equals("bidirectional");
      Dim directions = Dim.of(both ? 2 : 1);
      List<Inferred> outputs = new ArrayList<>();
      for (int i = 0; i < context.node().outputs().size(); i++) {
        List<Dim> dims =
            i == 0
                ? batchFirst
                    ? List.of(batch, steps, directions, hidden)
                    : List.of(steps, directions, batch, hidden)
                : batchFirst
                    ? List.of(batch, directions, hidden)
                    : List.of(directions, batch, hidden);
        outputs.add(Dims.tensor(dtype, dims));
      }
      return outputs;
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(this::run);
  }

  private List<Tensor> run(OpContext context) {
    return new Run(context, context.tensor(1), context.tensor(2)).outputs();
  }

  /** As the node says, with weights that may stand elsewhere than in inputs 1 and 2. */
  List<Tensor> run(OpContext context, Tensor w, Tensor r) {
    return new Run(context, w, r).outputs();
  }

  /** One run of a node. */
  private final class Run {
    private final OpContext context;
    private final Tensor x;
    private final Tensor w;
    private final Tensor r;
    private final boolean batchFirst;
    private final int steps;
    private final int batch;
    private final int hidden;
    private final int directions;
    private final int[] lengths;

    Run(OpContext context, Tensor w, Tensor r) {
      this.context = context;
      this.x = Reals.computable(context, context.tensor(0));
      this.w = Reals.computable(context, w);
      this.r = r;
      this.batchFirst = context.node().intAttribute("layout", 0) != 0;
      String direction = context.node().stringAttribute("direction", "forward");
      this.directions = direction.equals("bidirectional") ? 2 : 1;
      if (x.shape().rank() != 3 || r.shape().rank() != 3) {
        throw context.error("input " + x.shape() + " with recurrence " + r.shape());
      }
      this.steps = Math.toIntExact(x.shape().dim(batchFirst ? 1 : 0));
      this.batch = Math.toIntExact(x.shape().dim(batchFirst ? 0 : 1));
      this.hidden = Math.toIntExact(r.shape().dim(2));
      long rows = (long) gates() * hidden;
      if (!w.shape().equals(Shape.of(directions, rows, x.shape().dim(2)))
          || !r.shape().equals(Shape.of(directions, rows, hidden))) {
        throw context.error(
            "weights %s and %s for input %s in %d directions"
                .formatted(w.shape(), r.shape(), x.shape(), directions));
      }
      if (this.x.dtype() != this.w.dtype()) {
        throw context.error("weights " + w + " for input " + context.tensor(0));
      }
      this.lengths = lengths();
    }

    private int[] lengths() {
      int[] result = new int[batch];
      Arrays.fill(result, steps);
      Tensor given = context.tensorOrNull(4);
      if (given != null) {
        if (given.size() != batch) {
          throw context.error("sequence_lens " + given.shape() + " for a batch of " + batch);
        }
        for (int b = 0; b < batch; b++) {
          long length = given.getLong(b);
          if (length < 0 || length > steps) {
            throw context.error("sequence length " + length + " of " + steps + " steps");
          }
          result[b] = (int) length;
        }
      }
      return result;
    }

    List<Tensor> outputs() {
      double[] y =
          new double[Math.multiplyExact(Math.multiplyExact(steps, batch * directions), hidden)];
      double[] h = state(5);
      double[] c = hasCell() ? state(6) : new double[0];
      boolean reverse = context.node().stringAttribute("direction", "forward").equals("reverse");
      for (int d = 0; d < directions; d++) {
        runDirection(d, reverse || d == 1, y, h, c);
      }
      DType type = context.tensor(0).dtype();
      Shape shape =
          batchFirst
              ? Shape.of(batch, steps, directions, hidden)
              : Shape.of(steps, directions, batch, hidden);
      Shape last =
          batchFirst ? Shape.of(batch, directions, hidden) : Shape.of(directions, batch, hidden);
      List<Tensor> outputs = new ArrayList<>();
      outputs.add(Reals.tensor(context, type, shape, y));
      outputs.add(Reals.tensor(context, type, last, h));
      if (hasCell()) {
        outputs.add(Reals.tensor(context, type, last, c));
      }
      return outputs;
    }

    private double[] state(int input) {
      Tensor given = context.tensorOrNull(input);
      int size = Math.multiplyExact(Math.multiplyExact(directions, batch), hidden);
      if (given != null && given.size() != size) {
        throw context.error(
            "initial state %s for %d directions, a batch of %d and a hidden size of %d"
                .formatted(given.shape(), directions, batch, hidden));
      }
      return given == null ? new double[size] : Reals.doubles(given);
    }

    private void runDirection(int d, boolean reverse, double[] y, double[] h, double[] c) {
      Cell cell = cell(d);
      int width = gates() * hidden;
      double[] projected = project(d, width);
      double[] gate = new double[width];
      for (int b = 0; b < batch; b++) {
        int at = (batchFirst ? b * directions + d : d * batch + b) * hidden;
        double[] hidden1 = Arrays.copyOfRange(h, at, at + hidden);
        double[] cell1 = hasCell() ? Arrays.copyOfRange(c, at, at + hidden) : new double[0];
        for (int t = 0; t < lengths[b]; t++) {
          int step = reverse ? lengths[b] - 1 - t : t;
          int row = batchFirst ? b * steps + step : step * batch + b;
          System.arraycopy(projected, row * width, gate, 0, width);
          step(cell, gate, hidden1, cell1);
          int to =
              batchFirst
                  ? (row * directions + d) * hidden
                  : ((step * directions + d) * batch + b) * hidden;
          System.arraycopy(hidden1, 0, y, to, hidden);
        }
        System.arraycopy(hidden1, 0, h, at, hidden);
        if (hasCell()) {
          System.arraycopy(cell1, 0, c, at, hidden);
        }
      }
    }

    /** {@code X . W^T + b} of all steps: {@code [rows, gates * hidden]}. */
    private double[] project(int d, int width) {
      int rows = Math.multiplyExact(steps, batch);
      int inputs = Math.toIntExact(x.shape().dim(2));
      GemmProblem problem =
          new GemmProblem(
              new OperandTypes(x.dtype(), w.dtype(), x.dtype()),
              rows,
              width,
              inputs,
              GemmProblem.Transpose.B,
              Epilogue.NONE);
      Tensor result = context.allocate(x.dtype(), Shape.of(rows, width));
      long bytes = problem.weightBytes();
      Products.run(
          context,
          problem,
          false,
          () -> Weights.of(Products.memory(w).asSlice(d * bytes, bytes)),
          Operands.of(Products.memory(x), result.segment()));
      double[] values = Reals.doubles(result);
      Tensor bias = bias();
      for (int i = 0; bias != null && i < values.length; i++) {
        values[i] += bias.getDouble(2L * width * d + i % width);
      }
      return values;
    }

    private @Nullable Tensor bias() {
      Tensor bias = context.tensorOrNull(3);
      if (bias != null && bias.size() != 2L * directions * gates() * hidden) {
        throw context.error("bias " + bias.shape() + " for a hidden size of " + hidden);
      }
      return bias;
    }

    private Cell cell(int d) {
      int width = gates() * hidden;
      double[] rows = Reals.doubles(r);
      double[] transposed = new double[width * hidden];
      for (int n = 0; n < width; n++) {
        for (int k = 0; k < hidden; k++) {
          transposed[k * width + n] = rows[(d * width + n) * hidden + k];
        }
      }
      double[] recurrentBias = new double[width];
      Tensor bias = bias();
      for (int n = 0; bias != null && n < width; n++) {
        recurrentBias[n] = bias.getDouble((2L * d + 1) * width + n);
      }
      double[] peepholes = null;
      Tensor given = hasCell() ? context.tensorOrNull(7) : null;
      if (given != null) {
        if (given.size() != 3L * directions * hidden) {
          throw context.error("peepholes " + given.shape() + " for a hidden size of " + hidden);
        }
        double[] all = Reals.doubles(given);
        peepholes = Arrays.copyOfRange(all, d * 3 * hidden, (d + 1) * 3 * hidden);
      }
      float clip = context.node().floatAttribute("clip", 0);
      boolean flag =
          context.node().intAttribute("linear_before_reset", 0) != 0
              || context.node().intAttribute("input_forget", 0) != 0;
      return new Cell(
          hidden,
          transposed,
          recurrentBias,
          peepholes,
          Activation.of(context, defaultActivations(), d, directions),
          clip > 0 ? clip : Double.POSITIVE_INFINITY,
          flag);
    }
  }
}
