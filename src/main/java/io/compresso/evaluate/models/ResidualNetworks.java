package io.compresso.evaluate.models;

import static io.compresso.evaluate.models.ConvBuilder.Activation.NONE;
import static io.compresso.evaluate.models.ConvBuilder.Activation.RELU;
import static io.compresso.evaluate.models.ConvBuilder.Activation.RELU6;

import io.compresso.evaluate.models.ConvBuilder.Features;
import io.compresso.evaluate.models.ConvBuilder.Normalization;
import io.compresso.evaluate.models.ConvBuilder.Window;
import io.compresso.graph.Model;
import java.util.List;

/**
 * Networks whose blocks add or join their input: ResNet (arXiv 1512.03385, stride in the 3x3
 * convolution), ResNeXt (arXiv 1611.05431), MobileNet-v2 (arXiv 1801.04381) and ShuffleNet-v2
 * (arXiv 1807.11164).
 */
final class ResidualNetworks {
  /** The scale of what a block adds, so that sums of many blocks stay in range. */
  private static final double BRANCH_GAIN = 0.3;

  private static final int[][] INVERTED_BLOCKS = {
    {1, 16, 1, 1},
    {6, 24, 2, 2},
    {6, 32, 3, 2},
    {6, 64, 4, 2},
    {6, 96, 3, 1},
    {6, 160, 3, 2},
    {6, 320, 1, 1}
  };

  private ResidualNetworks() {}

  static Model resnet18(int side) {
    ConvBuilder net = new ConvBuilder("resnet-18", Normalization.EXPLICIT);
    Features x = stem(net, side);
    for (int stage = 0; stage < 4; stage++) {
      for (int block = 0; block < 2; block++) {
        int width = 64 << stage;
        int stride = stage > 0 && block == 0 ? 2 : 1;
        Features y = net.conv(x, width, Window.square(3, stride), RELU);
        y = net.conv(y, width, Window.square(3, 1), 1, NONE, BRANCH_GAIN);
        x = join(net, x, y, stride);
      }
    }
    return net.classify(x);
  }

  /**
   * ResNet of bottlenecks, or ResNeXt.
   *
   * @param blocks in each stage
   * @param groups of the 3x3 convolutions
   * @param width channels of the first stage's 3x3 convolutions
   */
  static Model bottlenecks(String name, int side, List<Integer> blocks, int groups, int width) {
    ConvBuilder net = new ConvBuilder(name, Normalization.FOLDED);
    Features x = stem(net, side);
    for (int stage = 0; stage < 4; stage++) {
      for (int block = 0; block < blocks.get(stage); block++) {
        int stride = stage > 0 && block == 0 ? 2 : 1;
        Features y = net.conv(x, width << stage, Window.square(1, 1), RELU);
        y = net.conv(y, width << stage, Window.square(3, stride), groups, RELU);
        y = net.conv(y, 256 << stage, Window.square(1, 1), 1, NONE, BRANCH_GAIN);
        x = join(net, x, y, stride);
      }
    }
    return net.classify(x);
  }

  private static Features stem(ConvBuilder net, int side) {
    Features x = net.conv(net.image(side), 64, Window.square(7, 2), RELU);
    return net.maxPool(x, Window.square(3, 2));
  }

  private static Features join(ConvBuilder net, Features x, Features y, int stride) {
    Features shortcut =
        x.channels() == y.channels() && stride == 1
            ? x
            : net.conv(x, y.channels(), Window.square(1, stride), NONE);
    return net.activate(net.add(y, shortcut), RELU);
  }

  static Model mobilenetV2(int side) {
    ConvBuilder net = new ConvBuilder("mobilenet-v2", Normalization.EXPLICIT);
    Features x = net.conv(net.image(side), 32, Window.square(3, 2), RELU6);
    for (int[] block : INVERTED_BLOCKS) {
      for (int repeat = 0; repeat < block[2]; repeat++) {
        int stride = repeat == 0 ? block[3] : 1;
        int wide = x.channels() * block[0];
        boolean residual = stride == 1 && x.channels() == block[1];
        Features y = block[0] == 1 ? x : net.conv(x, wide, Window.square(1, 1), RELU6);
        y = net.conv(y, wide, Window.square(3, stride), wide, RELU6);
        double gain = residual ? BRANCH_GAIN : 1;
        y = net.conv(y, block[1], Window.square(1, 1), 1, NONE, gain);
        x = residual ? net.add(x, y) : y;
      }
    }
    return net.classify(net.conv(x, 1280, Window.square(1, 1), RELU6));
  }

  static Model shufflenetV2(int side) {
    ConvBuilder net = new ConvBuilder("shufflenet-v2", Normalization.FOLDED);
    Features x = net.conv(net.image(side), 24, Window.square(3, 2), RELU);
    x = net.maxPool(x, Window.square(3, 2));
    int[] widths = {116, 232, 464};
    int[] repeats = {4, 8, 4};
    for (int stage = 0; stage < widths.length; stage++) {
      int half = widths[stage] / 2;
      Features left = net.conv(x, x.channels(), Window.square(3, 2), x.channels(), NONE);
      left = net.conv(left, half, Window.square(1, 1), RELU);
      x = net.shuffle(net.concat(List.of(left, unit(net, x, half, 2))));
      for (int repeat = 1; repeat < repeats[stage]; repeat++) {
        List<Features> halves = net.halves(x);
        Features right = unit(net, halves.getLast(), half, 1);
        x = net.shuffle(net.concat(List.of(halves.getFirst(), right)));
      }
    }
    return net.classify(net.conv(x, 1024, Window.square(1, 1), RELU));
  }

  private static Features unit(ConvBuilder net, Features x, int width, int stride) {
    Features y = net.conv(x, width, Window.square(1, 1), RELU);
    y = net.conv(y, width, Window.square(3, stride), width, NONE);
    return net.conv(y, width, Window.square(1, 1), RELU);
  }
}
