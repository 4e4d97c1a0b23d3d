package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Lists and labels as operators of {@code ai.onnx.ml} take them from attributes. */
final class MlAttributes {
  private MlAttributes() {}

  /**
   * The numbers of list {@code name}, or of tensor {@code name_as_tensor}; none where neither is
   * given.
   */
  static double[] reals(Node node, String name) {
    if (node.attributes().get(name + "_as_tensor")
        instanceof Attribute.TensorValue(Tensor tensor)) {
      if (!tensor.dtype().isFloat()) {
        throw new GraphException(node, "attribute '" + name + "_as_tensor' is no float tensor");
      }
      return Reals.doubles(tensor);
    }
    return switch (node.attributes().get(name)) {
      case null -> new double[0];
      case Attribute.Floats(List<Float> values) ->
          values.stream().mapToDouble(Float::doubleValue).toArray();
      default -> throw new GraphException(node, "attribute '" + name + "' is not a list of floats");
    };
  }

  /** The strings of list {@code name}; none where it is not given. */
  static List<byte[]> strings(Node node, String name) {
    return switch (node.attributes().get(name)) {
      case null -> List.of();
      case Attribute.Strings(List<byte[]> values) -> values;
      default ->
          throw new GraphException(node, "attribute '" + name + "' is not a list of strings");
    };
  }

  /**
   * The integers of list {@code name}.
   *
   * @throws GraphException if there are not {@code count} of them
   */
  static long[] ints(Node node, String name, int count) {
    long[] values = node.intsAttribute(name, new long[0]);
    requireCount(node, name, values.length, count);
    return values;
  }

  /** Blames the attribute for the number of its values. */
  static void requireCount(Node node, String name, int given, int expected) {
    if (given != expected) {
      throw new GraphException(
          node, "attribute '%s' has %d values for %d".formatted(name, given, expected));
    }
  }

  /** How many samples an input {@code [N, C]} or {@code [C]} holds. */
  static int rows(OpContext context, Tensor x) {
    int rank = x.shape().rank();
    if (rank != 1 && rank != 2 || x.dtype() == DType.STRING) {
      throw context.error("input " + x + " is neither [N, C] nor [C] of numbers");
    }
    return rank == 1 ? 1 : Math.toIntExact(x.shape().dim(0));
  }

  /** The number of samples, for shape rules. */
  static Dim rows(ShapeContext context) {
    List<Dim> dims = context.dims(0);
    return dims == null || dims.isEmpty() || dims.size() > 2
        ? Dim.UNKNOWN
        : dims.size() == 1 ? Dim.of(1) : dims.getFirst();
  }

  /**
   * The names of classes.
   *
   * @param strings as text, or none
   * @param integers as numbers, where there is no text
   */
  record Labels(List<byte[]> strings, long[] integers) {
    /** Those of {@code classlabels_strings}, or else of the named list of integers. */
    static Labels of(Node node, String integers) {
      return of(node, "classlabels_strings", integers);
    }

    /** Those of the named list of strings, or else of the named list of integers. */
    static Labels of(Node node, String strings, String integers) {
      Labels labels =
          new Labels(
              MlAttributes.strings(node, strings), node.intsAttribute(integers, new long[0]));
      if (labels.size() == 0) {
        throw new GraphException(
            node, "attributes '" + strings + "' and '" + integers + "' are both missing");
      }
      return labels;
    }

    /** What a classifier gives: labels {@code [N]} and, if asked, scores {@code [N, columns]}. */
    List<Inferred> outputs(ShapeContext context, Dim columns) {
      Dim rows = rows(context);
      List<Inferred> outputs = new ArrayList<>();
      outputs.add(Inferred.tensor(dtype(), List.of(rows)));
      for (int i = 1; i < context.node().outputs().size(); i++) {
        outputs.add(Inferred.tensor(DType.FLOAT, List.of(rows, columns)));
      }
      return outputs;
    }

    /**
     * The same of a run.
     *
     * @param best the class of each sample
     * @param columns of {@code scores}
     */
    List<Tensor> outputs(OpContext context, int[] best, double[] scores, int columns) {
      Tensor y = tensor(context, best);
      return context.node().outputs().size() < 2
          ? List.of(y)
          : List.of(y, Reals.tensor(context, DType.FLOAT, Shape.of(best.length, columns), scores));
    }

    int size() {
      return strings.isEmpty() ? integers.length : strings.size();
    }

    DType dtype() {
      return strings.isEmpty() ? DType.INT64 : DType.STRING;
    }

    /** All of them, in memory of their own. */
    Tensor tensor() {
      return strings.isEmpty()
          ? Tensor.ofLongs(Shape.of(integers.length), integers)
          : Tensor.ofStrings(Shape.of(strings.size()), strings);
    }

    /** The labels of the classes with the given indices. */
    Tensor tensor(OpContext context, int[] classes) {
      Tensor y = context.allocate(dtype(), Shape.of(classes.length));
      for (int i = 0; i < classes.length; i++) {
        if (classes[i] < 0 || classes[i] >= size()) {
          throw context.error("class " + classes[i] + " has no label, there are " + size());
        }
        if (strings.isEmpty()) {
          y.setLong(i, integers[classes[i]]);
        } else {
          y.setString(i, strings.get(classes[i]));
        }
      }
      return y;
    }
  }
}
