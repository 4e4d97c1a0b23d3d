package io.compresso.technique.quantize;

import io.compresso.graph.Node;
import io.compresso.tensor.QuantParams;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;

/**
 * The shift of a layer's mean output that rounding its weights causes, by output channel: the
 * rounding errors times the inputs' means; M. Nagel et al., "Data-Free Quantization Through Weight
 * Equalization and Bias Correction", ICCV 2019. Padding is taken to have the inputs' means.
 */
final class BiasCorrection {
  private BiasCorrection() {}

  /** The input's channel axis of a layer, negative from the end. */
  static int inputAxis(Node node) {
    return QuantPlanner.isConv(node) ? 1 : -1;
  }

  /** What to subtract from the bias of each output channel. */
  static float[] shift(
      Node node, Tensor weights, WeightQuantizer.Quantized quantized, float[] means) {
    Shape shape = weights.shape();
    QuantParams params = quantized.params();
    int axis = LayerQuantizer.channelAxis(node);
    float[] values = weights.toFloats();
    int inner = (int) shape.size(axis + 1, shape.rank());
    int perAxis = (int) shape.dim(axis);
    int groups = (int) node.intAttribute("group", 1);
    boolean conv = node.is("Conv");
    int outputs = node.is("ConvTranspose") ? perAxis * groups : perAxis;
    double[] shift = new double[outputs];
    int kernel = (int) shape.size(Math.min(2, shape.rank()), shape.rank());
    int second = (int) shape.dim(1);
    for (int i = 0; i < values.length; i++) {
      int onAxis = i / inner % perAxis;
      float scale = params.scales()[params.axis().isPresent() ? onAxis : 0];
      double error = quantized.values().getLong(i) * (double) scale - values[i];
      int row = i / kernel / second;
      int column = i / kernel % second;
      int output;
      int input;
      if (conv) {
        output = row;
        input = row / (outputs / groups) * second + column;
      } else if (node.is("ConvTranspose")) {
        input = row;
        output = row / ((int) shape.dim(0) / groups) * perAxis + column;
      } else {
        output = onAxis;
        input = axis == 0 ? column : row;
      }
      shift[output] += error * means[input];
    }
    float[] result = new float[outputs];
    for (int c = 0; c < outputs; c++) {
      result[c] = (float) shift[c];
    }
    return result;
  }
}
