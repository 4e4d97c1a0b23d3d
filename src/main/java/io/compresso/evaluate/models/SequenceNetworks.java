package io.compresso.evaluate.models;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** BERT (arXiv 1810.04805) and stacks of recurrent layers. */
final class SequenceNetworks {
  private static final int VOCABULARY = 30522;
  private static final int POSITIONS = 512;
  private static final double DEVIATION = 0.02;

  private SequenceNetworks() {}

  /**
   * The sizes of a BERT.
   *
   * @param vocabulary tokens that there are
   */
  record BertSize(int layers, int hidden, int heads, int vocabulary) {
    static final BertSize BASE = new BertSize(12, 768, 12, VOCABULARY);
  }

  /**
   * BERT's encoder and pooler: states {@code [N, sequence, hidden]}, pooled {@code [N, hidden]}.
   */
  static Model bert(int sequence, BertSize size) {
    return new Bert(sequence, size).model();
  }

  /** The parts of one BERT. */
  private static final class Bert {
    private final GraphBuilder net = new GraphBuilder("bert-base");
    private final int sequence;
    private final BertSize size;

    Bert(int sequence, BertSize size) {
      this.sequence = sequence;
      this.size = size;
    }

    Model model() {
      String x = embeddings();
      String mask = mask();
      for (int layer = 0; layer < size.layers; layer++) {
        x = normalize(net.node("Add", x, attention(x, mask)));
        String wide = gelu(dense(x, size.hidden, 4 * size.hidden));
        x = normalize(net.node("Add", x, dense(wide, 4 * size.hidden, size.hidden)));
      }
      String first =
          net.node(
              "Gather",
              List.of(x, net.constant("first", Tensor.scalar(0L))),
              Map.of("axis", Attribute.of(1L)));
      String pooled = net.node("Tanh", dense(first, size.hidden, size.hidden));
      Dim batch = GraphBuilder.batch();
      net.output(x, DType.FLOAT, batch, Dim.of(sequence), Dim.of(size.hidden));
      net.output(pooled, DType.FLOAT, batch, Dim.of(size.hidden));
      return net.build();
    }

    private String embeddings() {
      String ids = net.input("input_ids", DType.INT64, sequence);
      String types = net.input("token_type_ids", DType.INT64, sequence);
      String words = net.weights("words", 0, DEVIATION, size.vocabulary, size.hidden);
      String kinds = net.weights("types", 0, DEVIATION, 2, size.hidden);
      String sum =
          net.node("Add", net.node("Gather", words, ids), net.node("Gather", kinds, types));
      long[] range = new long[sequence];
      for (int i = 0; i < sequence; i++) {
        range[i] = i;
      }
      String positions = net.weights("positions", 0, DEVIATION, POSITIONS, size.hidden);
      String indices = net.constant("range", Tensor.ofLongs(Shape.of(1, sequence), range));
      return normalize(net.node("Add", sum, net.node("Gather", positions, indices)));
    }

    /** 0 where the mask is 1, very negative where it is 0, {@code [N, 1, 1, sequence]}. */
    private String mask() {
      String given = net.input("attention_mask", DType.INT64, sequence);
      String wide = net.node("Unsqueeze", given, net.longs(1, 2));
      String floats =
          net.node("Cast", List.of(wide), Map.of("to", Attribute.of((long) DType.FLOAT.code())));
      String inverted = net.node("Sub", net.constant("one", Tensor.scalar(1f)), floats);
      return net.node("Mul", inverted, net.constant("least", Tensor.scalar(-10000f)));
    }

    private String attention(String x, String mask) {
      String query = heads(dense(x, size.hidden, size.hidden), 0, 2, 1, 3);
      String key = heads(dense(x, size.hidden, size.hidden), 0, 2, 3, 1);
      String value = heads(dense(x, size.hidden, size.hidden), 0, 2, 1, 3);
      float root = (float) Math.sqrt(size.hidden / size.heads);
      String scores =
          net.node(
              "Div", net.node("MatMul", query, key), net.constant("root", Tensor.scalar(root)));
      String shares =
          net.node(
              "Softmax", List.of(net.node("Add", scores, mask)), Map.of("axis", Attribute.of(-1L)));
      String context =
          net.node(
              "Transpose",
              List.of(net.node("MatMul", shares, value)),
              Map.of("perm", Attribute.ints(0, 2, 1, 3)));
      String joined = net.node("Reshape", context, net.longs(0, 0, size.hidden));
      return dense(joined, size.hidden, size.hidden);
    }

    private String heads(String x, long... order) {
      String apart = net.node("Reshape", x, net.longs(0, 0, size.heads, size.hidden / size.heads));
      return net.node("Transpose", List.of(apart), Map.of("perm", Attribute.ints(order)));
    }

    private String dense(String x, int in, int out) {
      String product = net.node("MatMul", x, net.weights("weight", 0, 1 / Math.sqrt(in), in, out));
      return net.node("Add", net.weights("bias", 0, DEVIATION, out), product);
    }

    private String normalize(String x) {
      return net.node(
          "LayerNormalization",
          List.of(
              x,
              net.weights("scale", 1, DEVIATION, size.hidden),
              net.weights("offset", 0, DEVIATION, size.hidden)),
          Map.of("axis", Attribute.of(-1L), "epsilon", Attribute.of(1e-12f)));
    }

    /** {@code x / 2 * (1 + erf(x / sqrt(2)))}, as PyTorch writes it. */
    private String gelu(String x) {
      String root = net.constant("root", Tensor.scalar((float) Math.sqrt(2)));
      String erf = net.node("Erf", net.node("Div", x, root));
      String shifted = net.node("Add", erf, net.constant("one", Tensor.scalar(1f)));
      String product = net.node("Mul", x, shifted);
      return net.node("Mul", product, net.constant("half", Tensor.scalar(0.5f)));
    }
  }

  /**
   * Layers of LSTM or GRU, one on the other: {@code [steps, N, width]} to {@code [steps, N,
   * width]}.
   */
  static Model recurrent(String opType, int layers, int width, int steps) {
    GraphBuilder net = new GraphBuilder(opType.toLowerCase(java.util.Locale.ROOT));
    List<Dim> dims = List.of(Dim.of(steps), GraphBuilder.batch(), Dim.of(width));
    int gates = opType.equals("LSTM") ? 4 : 3;
    double deviation = 1 / Math.sqrt(3.0 * width);
    String x = net.input("sequence", DType.FLOAT, dims);
    for (int layer = 0; layer < layers; layer++) {
      String w = net.weights("weight", 0, deviation, 1, (long) gates * width, width);
      String r = net.weights("recurrence", 0, deviation, 1, (long) gates * width, width);
      String b = net.weights("bias", 0, deviation, 1, 2L * gates * width);
      Map<String, Attribute> attributes =
          opType.equals("LSTM")
              ? Map.of("hidden_size", Attribute.of((long) width))
              : Map.of(
                  "hidden_size",
                  Attribute.of((long) width),
                  "linear_before_reset",
                  Attribute.of(1L));
      x = net.node(opType, List.of(x, w, r, b), attributes);
      x = net.node("Squeeze", x, net.longs(1));
    }
    net.output(x, DType.FLOAT, dims.get(0), dims.get(1), dims.get(2));
    return net.build();
  }
}
