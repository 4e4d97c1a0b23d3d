package io.compresso.technique.quantize;

import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.Pass;
import io.compresso.graph.Patch;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts a BatchNormalization of constant parameters into the weights and bias of the convolution or
 * Gemm before it, when nothing else reads that one's output.
 */
final class FoldBatchNormalization implements Pass {
  @Override
  public Patch patch(Model model) {
    Graph graph = model.graph();
    GraphIndex index = new GraphIndex(graph);
    Names names = new Names(index.names());
    Patch patch = new Patch();
    for (Node node : graph.nodes()) {
      Node producer =
          node.is("BatchNormalization") ? index.producer(node.inputs().getFirst()) : null;
      if (producer != null
          && index.onlyReader(producer.outputs().getFirst()) == node
          && node.outputs().stream().skip(1).allMatch(String::isEmpty)
          && node.intAttribute("training_mode", 0) == 0) {
        fold(index, names, patch, producer, node);
      }
    }
    return patch;
  }

  private static void fold(GraphIndex index, Names names, Patch patch, Node producer, Node norm) {
    Tensor weights = index.floatConstant(producer.input(1));
    List<float[]> parameters = new ArrayList<>();
    for (int i = 1; i <= 4; i++) {
      Tensor parameter = index.floatConstant(norm.input(i));
      if (parameter == null) {
        return;
      }
      parameters.add(parameter.toFloats());
    }
    Tensor bias = index.floatConstant(producer.input(2));
    if (weights == null || (producer.input(2) != null && bias == null)) {
      return;
    }
    ChannelLayout layout = ChannelLayout.of(producer, weights.shape());
    int channels = parameters.getFirst().length;
    if (layout == null
        || layout.channels() != channels
        || (bias != null && bias.size() != channels)
        || producer.floatAttribute("beta", 1) != 1) {
      return;
    }
    float epsilon = norm.floatAttribute("epsilon", 1e-5f);
    float[] factor = new float[channels];
    float[] shift = new float[channels];
    for (int c = 0; c < channels; c++) {
      double gain = parameters.get(0)[c] / Math.sqrt((double) parameters.get(3)[c] + epsilon);
      factor[c] = (float) gain;
      double old = bias == null ? 0 : bias.getFloat(c);
      shift[c] = (float) ((old - parameters.get(2)[c]) * gain + parameters.get(1)[c]);
    }
    String newWeights = names.fresh(producer.inputs().get(1), "_bn");
    String newBias = names.fresh(newWeights, "_b");
    patch.initializer(newWeights, layout.scale(weights, factor));
    patch.initializer(newBias, Tensor.ofFloats(Shape.of(channels), shift));
    patch.replace(
        producer,
        producer
            .withInputs(List.of(producer.inputs().getFirst(), newWeights, newBias))
            .withOutputs(List.of(norm.outputs().getFirst())));
    patch.remove(norm);
  }

  /** Where the output channels lie in the weights of a convolution or Gemm. */
  record ChannelLayout(int axis, int groups, int channels) {
    /** The layout, or null for an operator that has none. */
    static @Nullable ChannelLayout of(Node node, Shape weights) {
      int groups = Math.toIntExact(node.intAttribute("group", 1));
      return switch (node.domain().isEmpty() ? node.opType() : "") {
        case "Conv" -> new ChannelLayout(0, 1, (int) weights.dim(0));
        case "ConvTranspose" -> new ChannelLayout(1, groups, (int) weights.dim(1) * groups);
        case "Gemm" -> {
          int axis = node.intAttribute("transB", 0) == 0 ? 1 : 0;
          yield new ChannelLayout(axis, 1, (int) weights.dim(axis));
        }
        default -> null;
      };
    }

    /** The weights, those of each output channel multiplied by its factor. */
    Tensor scale(Tensor weights, float[] factor) {
      float[] values = weights.toFloats();
      Shape shape = weights.shape();
      long inner = shape.size(axis + 1, shape.rank());
      long perGroup = shape.dim(axis);
      long groupSize = shape.dim(0) / groups * shape.size(1, shape.rank());
      for (int i = 0; i < values.length; i++) {
        long channel = i / inner % perGroup;
        long group = groups == 1 ? 0 : i / groupSize;
        values[i] *= factor[(int) (group * perGroup + channel)];
      }
      return Tensor.ofFloats(shape, values);
    }
  }
}
