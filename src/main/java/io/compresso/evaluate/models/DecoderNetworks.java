package io.compresso.evaluate.models;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Decoders of language models as ONNX Runtime's exporter writes them: grouped-query attention with
 * caches and rotary embedding, RMS normalization, SwiGLU (Touvron et al., "LLaMA", 2023).
 */
public final class DecoderNetworks {
  private static final double ROTARY_BASE = 10_000;
  private static final int BLOCK = 32;
  private static final int BITS = 4;
  private static final int BYTE_ACTIVATIONS = 4;

  private DecoderNetworks() {}

  /**
   * The sizes of a decoder.
   *
   * @param heads heads of queries, which divide {@code hidden}
   * @param shared heads of keys and values
   * @param inner width of the feed-forward layers
   * @param positions tokens for which there are rotations
   */
  public record DecoderSize(
      int layers, int hidden, int heads, int shared, int inner, int vocabulary, int positions) {
    public static final DecoderSize BASE = new DecoderSize(2, 1024, 16, 4, 3072, 8192, 2048);
    public static final DecoderSize SMALL = new DecoderSize(2, 64, 4, 2, 96, 50, 128);

    int head() {
      return hidden / heads;
    }
  }

  /**
   * What products multiply by: floats, or fields of 4 bits in blocks of 32 whose inputs are
   * quantized to bytes (accuracy level 4 of MatMulNBits).
   */
  public enum Weights {
    FLOAT,
    INT4
  }

  /**
   * A run over {@code tokens} new tokens after {@code past} ones, of fixed lengths, whose caches
   * have room for both.
   */
  static Model of(DecoderSize size, Weights weights, int tokens, int past) {
    return new Decoder(size, weights, Dim.of(tokens), Dim.of(past + tokens), Dim.of(past + tokens))
        .model();
  }

  /**
   * Runs of all lengths: {@code input_ids [N, sequence]}, {@code attention_mask [N, total]} and
   * caches {@code past_key_values.L.key}, {@code .value [N, shared, past, head]} to {@code logits}
   * and {@code present.L.key}, {@code .value}.
   */
  public static Model ofAnyLength(DecoderSize size, Weights weights) {
    return new Decoder(
            size,
            weights,
            Dim.symbol("sequence_length"),
            Dim.symbol("past_sequence_length"),
            Dim.symbol("total_sequence_length"))
        .model();
  }

  /** The parts of one decoder. */
  private static final class Decoder {
    private final GraphBuilder net = new GraphBuilder("decoder");
    private final DecoderSize size;
    private final Weights weights;
    private final Dim tokens;
    private final Dim past;
    private final Dim total;

    Decoder(DecoderSize size, Weights weights, Dim tokens, Dim past, Dim total) {
      this.size = size;
      this.weights = weights;
      this.tokens = tokens;
      this.past = past;
      this.total = total;
    }

    Model model() {
      Dim batch = GraphBuilder.batch();
      String ids = net.input("input_ids", DType.INT64, List.of(batch, tokens));
      String mask = net.input("attention_mask", DType.INT64, List.of(batch, total));
      String last = last(mask);
      String length = length(mask);
      String cosine = rotations("cosine", Math::cos);
      String sine = rotations("sine", Math::sin);
      String words = net.weights("words", 0, 1, size.vocabulary, size.hidden);
      String residual = net.node("Gather", words, ids);
      String x = normalize(residual);
      List<Runnable> outputs = new ArrayList<>();
      for (int layer = 0; layer < size.layers; layer++) {
        List<Dim> cache = List.of(batch, Dim.of(size.shared), past, Dim.of(size.head()));
        String pastKey = net.input("past_key_values." + layer + ".key", DType.FLOAT, cache);
        String pastValue = net.input("past_key_values." + layer + ".value", DType.FLOAT, cache);
        String key = "present." + layer + ".key";
        String value = "present." + layer + ".value";
        int narrow = size.shared * size.head();
        List<String> operands =
            List.of(
                dense(x, size.hidden, size.hidden),
                dense(x, size.hidden, narrow),
                dense(x, size.hidden, narrow),
                pastKey,
                pastValue,
                last,
                length,
                cosine,
                sine);
        String attended = net.name("attention");
        net.microsoft(
            "GroupQueryAttention",
            operands,
            List.of(attended, key, value),
            Map.of(
                "num_heads",
                Attribute.of((long) size.heads),
                "kv_num_heads",
                Attribute.of((long) size.shared),
                "do_rotary",
                Attribute.of(1L)));
        outputs.add(() -> {
          for (String present : List.of(key, value)) {
            net.output(
                present, DType.FLOAT, batch, Dim.of(size.shared), total, Dim.of(size.head()));
          }
        });
        List<String> middle = addAndNormalize(residual, dense(attended, size.hidden, size.hidden));
        List<String> next = addAndNormalize(middle.get(1), feedForward(middle.get(0)));
        x = next.get(0);
        residual = next.get(1);
      }
      String logits = dense(x, size.hidden, size.vocabulary);
      net.output(logits, DType.FLOAT, batch, tokens, Dim.of(size.vocabulary));
      outputs.forEach(Runnable::run);
      return net.build();
    }

    /** The last token of each sequence, as the mask says: {@code [N, 1]}. */
    private String last(String mask) {
      String sums = net.node("ReduceSum", mask, net.longs(1));
      return integer(net.node("Sub", sums, net.longs(1)));
    }

    /** How long the mask is. */
    private String length(String mask) {
      String axis = net.constant("axis", Tensor.scalar(1L));
      return integer(net.node("Gather", net.node("Shape", mask), axis));
    }

    private String integer(String x) {
      return net.node("Cast", List.of(x), Map.of("to", Attribute.of((long) DType.INT32.code())));
    }

    private String rotations(String stem, java.util.function.DoubleUnaryOperator function) {
      int half = size.head() / 2;
      Tensor table = Tensor.allocate(DType.FLOAT, Shape.of(size.positions, half));
      for (int i = 0; i < table.size(); i++) {
        double angle = i / half / Math.pow(ROTARY_BASE, i % half / (double) half);
        table.setFloat(i, (float) function.applyAsDouble(angle));
      }
      return net.constant(stem, table);
    }

    private String scale() {
      return net.weights("scale", 1, 0.02, size.hidden);
    }

    private String normalize(String x) {
      return net.node(
          "SimplifiedLayerNormalization",
          List.of(x, scale()),
          Map.of(
              "axis", Attribute.of(-1L),
              "epsilon", Attribute.of(1e-6f),
              "stash_type", Attribute.of(1L)));
    }

    /** The normalized sum, and the sum itself. */
    private List<String> addAndNormalize(String residual, String x) {
      List<String> results = List.of(net.name("normalized"), net.name("sum"));
      net.microsoft(
          "SkipSimplifiedLayerNormalization",
          List.of(residual, x, scale()),
          List.of(results.get(0), "", "", results.get(1)),
          Map.of("epsilon", Attribute.of(1e-6f)));
      return results;
    }

    private String feedForward(String x) {
      String gate = dense(x, size.hidden, size.inner);
      String up = dense(x, size.hidden, size.inner);
      String swish = net.node("Mul", gate, net.node("Sigmoid", gate));
      return dense(net.node("Mul", swish, up), size.inner, size.hidden);
    }

    private String dense(String x, int in, int out) {
      double deviation = 1 / Math.sqrt(in);
      if (weights == Weights.FLOAT) {
        return net.node("MatMul", x, net.weights("weight", 0, deviation, in, out));
      }
      long blocks = Math.ceilDiv(in, BLOCK);
      String fields = net.fields("fields", out, blocks, BLOCK * BITS / 8);
      // The root of the mean square of fields from -8 to 7 is 4.6.
      String scales = net.weights("scales", deviation / 4.6, deviation / 50, out * blocks);
      Map<String, Attribute> attributes = new LinkedHashMap<>();
      attributes.put("K", Attribute.of((long) in));
      attributes.put("N", Attribute.of((long) out));
      attributes.put("bits", Attribute.of((long) BITS));
      attributes.put("block_size", Attribute.of((long) BLOCK));
      attributes.put("accuracy_level", Attribute.of((long) BYTE_ACTIVATIONS));
      String y = net.name("product");
      net.microsoft("MatMulNBits", List.of(x, fields, scales), List.of(y), attributes);
      return y;
    }
  }
}
