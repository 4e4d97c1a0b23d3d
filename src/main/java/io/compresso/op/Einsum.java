package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Sums products over the subscripts that the result does not have. Inputs are contracted in pairs,
 * from the left.
 */
final class Einsum extends StandardOperator {
  Einsum() {
    super("Einsum", 12, 28);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Integer> ranks = new ArrayList<>();
      for (int i = 0; i < context.node().inputs().size(); i++) {
        List<Dim> dims = context.dims(i);
        if (dims == null) {
          return List.of(Dims.tensor(context.dtype(0), null));
        }
        ranks.add(dims.size());
      }
      Equation equation = Equation.parse(context.node(), ranks);
      Map<Character, Dim> sizes = new HashMap<>();
      for (int i = 0; i < ranks.size(); i++) {
        List<Dim> dims = context.dims(i);
        for (int axis = 0; dims != null && axis < dims.size(); axis++) {
          Dim dim = dims.get(axis);
          sizes.merge(
              equation.inputs().get(i).charAt(axis),
              dim,
              (a, b) ->
                  Dim.of(1).equals(a) ? b : Dim.of(1).equals(b) ? a : Dims.merge(context, a, b));
        }
      }
      List<Dim> result = new ArrayList<>();
      for (char label : equation.output().toCharArray()) {
        result.add(sizes.getOrDefault(label, Dim.UNKNOWN));
      }
      return List.of(Dims.tensor(context.dtype(0), result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      List<Tensor> inputs = new ArrayList<>();
      List<Integer> ranks = new ArrayList<>();
      for (int i = 0; i < context.inputCount(); i++) {
        inputs.add(context.tensor(i));
        ranks.add(inputs.get(i).shape().rank());
      }
      Equation equation = Equation.parse(context.node(), ranks);
      Map<Character, Long> sizes = sizes(context, equation, inputs);
      Tensor result = inputs.getFirst();
      String labels = equation.inputs().getFirst();
      for (int i = 1; i < inputs.size(); i++) {
        String kept = kept(equation, labels + equation.inputs().get(i), i + 1);
        String other = equation.inputs().get(i);
        result = contract(context, result, labels, inputs.get(i), other, kept, sizes);
        labels = kept;
      }
      if (inputs.size() == 1 || !labels.equals(equation.output())) {
        result = contract(context, result, labels, null, "", equation.output(), sizes);
      }
      return List.of(result);
    });
  }

  private static Map<Character, Long> sizes(
      OpContext context, Equation equation, List<Tensor> inputs) {
    Map<Character, Long> sizes = new HashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      String labels = equation.inputs().get(i);
      for (int axis = 0; axis < labels.length(); axis++) {
        long size = inputs.get(i).shape().dim(axis);
        Long known = sizes.get(labels.charAt(axis));
        if (known != null && known != size && known != 1 && size != 1) {
          throw context.error(
              "subscript '" + labels.charAt(axis) + "' has sizes " + known + " and " + size);
        }
        if (known == null || known == 1) {
          sizes.put(labels.charAt(axis), size);
        }
      }
    }
    return sizes;
  }

  /** The subscripts so far that the result or a later input still has, without repeats. */
  private static String kept(Equation equation, String labels, int next) {
    String needed =
        equation.output()
            + String.join("", equation.inputs().subList(next, equation.inputs().size()));
    if (next == equation.inputs().size()) {
      return equation.output();
    }
    StringBuilder kept = new StringBuilder();
    for (char label : labels.toCharArray()) {
      if (needed.indexOf(label) >= 0 && kept.indexOf(String.valueOf(label)) < 0) {
        kept.append(label);
      }
    }
    return kept.toString();
  }

  private static Tensor contract(
      OpContext context,
      Tensor a,
      String aLabels,
      @Nullable Tensor b,
      String bLabels,
      String output,
      Map<Character, Long> sizes) {
    if (b != null && Contraction.suits(a, aLabels, b, bLabels, output, sizes)) {
      return new Contraction(aLabels, bLabels, output, sizes).product(context, a, b);
    }
    StringBuilder summed = new StringBuilder();
    for (char label : (aLabels + bLabels).toCharArray()) {
      if (output.indexOf(label) < 0 && summed.indexOf(String.valueOf(label)) < 0) {
        summed.append(label);
      }
    }
    String order = output + summed;
    long[] dims = order.chars().mapToLong(label -> sizes.getOrDefault((char) label, 1L)).toArray();
    long[] outer = Arrays.copyOf(dims, output.length());
    Tensor y = context.allocate(a.dtype(), Axes.shape(context, outer));
    long[] aSteps = steps(a, aLabels, order);
    long[] bSteps = b == null ? new long[dims.length] : steps(b, bLabels, order);
    Walk walk = new Walk(dims, aSteps, bSteps);
    boolean floats = a.dtype().isFloat();
    long terms = 1;
    for (int i = output.length(); i < dims.length; i++) {
      terms *= dims[i];
    }
    for (long i = 0; i < y.size(); i++) {
      double sum = 0;
      long integer = 0;
      for (long j = 0; j < terms; j++) {
        if (floats) {
          sum += a.getDouble(walk.a) * (b == null ? 1 : b.getDouble(walk.b));
        } else {
          integer += a.getLong(walk.a) * (b == null ? 1 : b.getLong(walk.b));
        }
        walk.advance();
      }
      if (floats) {
        y.setDouble(i, sum);
      } else {
        y.setLong(i, integer);
      }
    }
    return y;
  }

  /** The step of a tensor along each subscript; a repeated subscript walks a diagonal. */
  private static long[] steps(Tensor tensor, String labels, String order) {
    long[] strides = tensor.shape().strides();
    long[] steps = new long[order.length()];
    for (int axis = 0; axis < labels.length(); axis++) {
      if (tensor.shape().dim(axis) != 1) {
        steps[order.indexOf(labels.charAt(axis))] += strides[axis];
      }
    }
    return steps;
  }

  /** The offsets in both inputs while the indices count through the dimensions. */
  private static final class Walk {
    private final long[] dims;
    private final long[] aSteps;
    private final long[] bSteps;
    private final long[] index;
    private long a;
    private long b;

    Walk(long[] dims, long[] aSteps, long[] bSteps) {
      this.dims = dims;
      this.aSteps = aSteps;
      this.bSteps = bSteps;
      this.index = new long[dims.length];
    }

    void advance() {
      for (int i = dims.length - 1; i >= 0; i--) {
        if (++index[i] < dims[i]) {
          a += aSteps[i];
          b += bSteps[i];
          return;
        }
        a -= (dims[i] - 1) * aSteps[i];
        b -= (dims[i] - 1) * bSteps[i];
        index[i] = 0;
      }
    }
  }

  /** The subscripts of each input and of the result; an ellipsis becomes digits. */
  private record Equation(List<String> inputs, String output) {
    static Equation parse(Node node, List<Integer> ranks) {
      String text = node.stringAttribute("equation", "").replace(" ", "");
      int arrow = text.indexOf("->");
      String[] terms = (arrow < 0 ? text : text.substring(0, arrow)).split(",", -1);
      if (terms.length != ranks.size()) {
        throw new GraphException(
            node,
            "equation '" + text + "' has " + terms.length + " terms, inputs are " + ranks.size());
      }
      List<String> inputs = new ArrayList<>();
      int widest = 0;
      for (int i = 0; i < terms.length; i++) {
        boolean open = terms[i].contains("...");
        int hidden = ranks.get(i) - terms[i].replace("...", "").length();
        if (hidden < 0 || !open && hidden != 0 || hidden > 10) {
          throw new GraphException(
              node, "term '" + terms[i] + "' of the equation for rank " + ranks.get(i));
        }
        widest = Math.max(widest, open ? hidden : 0);
        inputs.add(terms[i].replace("...", digits(hidden)));
      }
      String output =
          arrow < 0
              ? digits(widest) + implicit(String.join("", inputs))
              : text.substring(arrow + 2).replace("...", digits(widest));
      for (char label : output.toCharArray()) {
        if (String.join("", inputs).indexOf(label) < 0) {
          throw new GraphException(node, "subscript '" + label + "' is in no term");
        }
      }
      return new Equation(inputs, output);
    }

    /** The last {@code count} of ten digits, so that ellipses align at their ends. */
    private static String digits(int count) {
      return "0123456789".substring(10 - count);
    }

    private static String implicit(String all) {
      StringBuilder once = new StringBuilder();
      all.chars()
          .filter(label -> !Character.isDigit(label))
          .filter(label -> all.indexOf(label) == all.lastIndexOf(label))
          .sorted()
          .forEach(label -> once.append((char) label));
      return once.toString();
    }
  }
}
