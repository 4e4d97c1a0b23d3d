package io.compresso.evaluate.models;

import static io.compresso.evaluate.models.DecoderNetworks.DecoderSize.BASE;
import static io.compresso.evaluate.models.DecoderNetworks.DecoderSize.SMALL;
import static io.compresso.evaluate.models.DecoderNetworks.Weights.FLOAT;

import io.compresso.evaluate.models.DecoderNetworks.DecoderSize;
import io.compresso.evaluate.models.SequenceNetworks.BertSize;
import io.compresso.graph.Model;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** All networks, at their usual size and at a small one. */
public enum Networks {
  RESNET_18(() -> ResidualNetworks.resnet18(224), () -> ResidualNetworks.resnet18(64)),
  RESNET_50(() -> resnet50(224), () -> resnet50(64)),
  RESNEXT_101(() -> resnext101(224), () -> resnext101(64)),
  MOBILENET_V2(() -> ResidualNetworks.mobilenetV2(224), () -> ResidualNetworks.mobilenetV2(64)),
  SHUFFLENET_V2(() -> ResidualNetworks.shufflenetV2(224), () -> ResidualNetworks.shufflenetV2(64)),
  GOOGLENET(() -> InceptionNetworks.googlenet(224), () -> InceptionNetworks.googlenet(64)),
  INCEPTION_V3(() -> InceptionNetworks.inceptionV3(299), () -> InceptionNetworks.inceptionV3(107)),
  BERT_BASE(
      () -> SequenceNetworks.bert(128, BertSize.BASE),
      () -> SequenceNetworks.bert(16, new BertSize(2, 96, 4, 100))),
  LSTM(
      () -> SequenceNetworks.recurrent("LSTM", 3, 512, 100),
      () -> SequenceNetworks.recurrent("LSTM", 3, 40, 7)),
  GRU(
      () -> SequenceNetworks.recurrent("GRU", 3, 512, 100),
      () -> SequenceNetworks.recurrent("GRU", 3, 40, 7)),
  DECODER_STEP(() -> step(BASE), () -> step(SMALL)),
  DECODER_PROMPT(() -> prompt(BASE), () -> prompt(SMALL)),
  UNET(() -> SegmentationNetworks.unet(256, 32), () -> SegmentationNetworks.unet(32, 8));

  private static final Map<String, Networks> NAMES = new LinkedHashMap<>();

  static {
    for (Networks network : values()) {
      NAMES.put(network.toString(), network);
    }
  }

  private final Supplier<Model> usual;
  private final Supplier<Model> small;

  Networks(Supplier<Model> usual, Supplier<Model> small) {
    this.usual = usual;
    this.small = small;
  }

  private static Model resnet50(int side) {
    return ResidualNetworks.bottlenecks("resnet-50", side, List.of(3, 4, 6, 3), 1, 64);
  }

  private static Model resnext101(int side) {
    return ResidualNetworks.bottlenecks("resnext-101", side, List.of(3, 4, 23, 3), 32, 256);
  }

  /** One token after 255, or after 15. */
  private static Model step(DecoderSize size) {
    return DecoderNetworks.of(size, FLOAT, 1, size == BASE ? 255 : 15);
  }

  /** The first 128 tokens, or 12. */
  private static Model prompt(DecoderSize size) {
    return DecoderNetworks.of(size, FLOAT, size == BASE ? 128 : 12, 0);
  }

  /** The names, in their order. */
  public static List<String> names() {
    return List.copyOf(NAMES.keySet());
  }

  /**
   * The network of the given name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Networks of(String name) {
    Networks network = NAMES.get(name);
    if (network == null) {
      throw new IllegalArgumentException(
          "unknown model '%s', known are %s".formatted(name, names()));
    }
    return network;
  }

  /** The network as it is used: images of 224 or 299, 128 tokens, 100 steps. */
  public Model build() {
    return usual.get();
  }

  /** The same structure on small images or short sequences, and with a small BERT or RNN. */
  public Model small() {
    return small.get();
  }

  /** The name in lower case with dashes. */
  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }
}
