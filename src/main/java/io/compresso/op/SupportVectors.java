package io.compresso.op;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;

/**
 * The kernel of a support vector machine and the vectors to which it compares samples.
 *
 * @param kernel how two vectors are compared
 * @param parameters gamma, coef0 and degree
 * @param vectors row after row
 * @param width elements of a row
 */
record SupportVectors(Kernel kernel, double[] parameters, double[] vectors, int width) {
  /** The comparisons of ONNX's {@code kernel_type}. */
  enum Kernel {
    LINEAR,
    POLY,
    RBF,
    SIGMOID
  }

  /**
   * The vectors of a node, or its coefficients where it has no vectors, which then are linear.
   *
   * @param count how many support vectors there are, 0 for none
   * @param rows how many rows of coefficients there are otherwise
   */
  static SupportVectors of(Node node, int count, int rows) {
    double[] vectors = MlAttributes.reals(node, count > 0 ? "support_vectors" : "coefficients");
    int all = count > 0 ? count : rows;
    if (vectors.length == 0 || vectors.length % all != 0) {
      throw new GraphException(
          node,
          "attribute '%s' has %d values for %d vectors"
              .formatted(count > 0 ? "support_vectors" : "coefficients", vectors.length, all));
    }
    double[] parameters = MlAttributes.reals(node, "kernel_params");
    if (parameters.length == 0) {
      parameters = new double[3];
    }
    MlAttributes.requireCount(node, "kernel_params", parameters.length, 3);
    String name = node.stringAttribute("kernel_type", "LINEAR");
    try {
      Kernel kernel = count > 0 ? Kernel.valueOf(name) : Kernel.LINEAR;
      return new SupportVectors(kernel, parameters, vectors, vectors.length / all);
    } catch (IllegalArgumentException e) {
      throw new GraphException(node, "attribute 'kernel_type' is '" + name + "'", e);
    }
  }

  /** How alike each vector and the sample from {@code at} on are. */
  double[] compare(double[] samples, int at) {
    double[] result = new double[vectors.length / width];
    for (int row = 0; row < result.length; row++) {
      double product = 0;
      double distance = 0;
      for (int i = 0; i < width; i++) {
        double a = samples[at + i];
        double b = vectors[row * width + i];
        product += a * b;
        distance += (a - b) * (a - b);
      }
      double moved = parameters[0] * product + parameters[1];
      result[row] =
          switch (kernel) {
            case LINEAR -> product;
            case POLY -> Math.pow(moved, parameters[2]);
            case RBF -> Math.exp(-parameters[0] * distance);
            case SIGMOID -> Math.tanh(moved);
          };
    }
    return result;
  }
}
