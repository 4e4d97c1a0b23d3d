package io.compresso.evaluate.models;

import static io.compresso.evaluate.models.ConvBuilder.Activation.RELU;

import io.compresso.evaluate.models.ConvBuilder.Features;
import io.compresso.evaluate.models.ConvBuilder.Normalization;
import io.compresso.evaluate.models.ConvBuilder.Window;
import io.compresso.graph.Model;
import java.util.List;

/**
 * Networks of parallel branches: GoogLeNet (arXiv 1409.4842, 3x3 in place of 5x5 and with
 * normalization, as torchvision has it) and Inception-v3 (arXiv 1512.00567).
 */
final class InceptionNetworks {
  /**
   * Width of the branches: 1x1; 3x3 after its reduction; 5x5 after its reduction; after the pool.
   */
  private static final int[][] GOOGLENET = {
    {64, 96, 128, 16, 32, 32},
    {128, 128, 192, 32, 96, 64},
    {192, 96, 208, 16, 48, 64},
    {160, 112, 224, 24, 64, 64},
    {128, 128, 256, 24, 64, 64},
    {112, 144, 288, 32, 64, 64},
    {256, 160, 320, 32, 128, 128},
    {256, 160, 320, 32, 128, 128},
    {384, 192, 384, 48, 128, 128}
  };

  private final ConvBuilder net;

  private InceptionNetworks(ConvBuilder net) {
    this.net = net;
  }

  static Model googlenet(int side) {
    ConvBuilder net = new ConvBuilder("googlenet", Normalization.FOLDED);
    InceptionNetworks blocks = new InceptionNetworks(net);
    Features x = net.conv(net.image(side), 64, Window.square(7, 2), RELU);
    x = net.maxPoolCeil(x);
    x = blocks.conv(x, 64, Window.square(1, 1));
    x = blocks.conv(x, 192, Window.square(3, 1));
    x = net.maxPoolCeil(x);
    for (int i = 0; i < GOOGLENET.length; i++) {
      if (i == 2 || i == 7) {
        x = net.maxPoolCeil(x);
      }
      x = blocks.googlenet(x, GOOGLENET[i]);
    }
    return net.classify(x);
  }

  private Features googlenet(Features x, int[] widths) {
    Features pooled = net.maxPool(x, Window.square(3, 1));
    return net.concat(
        List.of(
            conv(x, widths[0], Window.square(1, 1)),
            conv(conv(x, widths[1], Window.square(1, 1)), widths[2], Window.square(3, 1)),
            conv(conv(x, widths[3], Window.square(1, 1)), widths[4], Window.square(3, 1)),
            conv(pooled, widths[5], Window.square(1, 1))));
  }

  static Model inceptionV3(int side) {
    ConvBuilder net = new ConvBuilder("inception-v3", Normalization.FOLDED);
    InceptionNetworks blocks = new InceptionNetworks(net);
    Features x = blocks.conv(net.image(side), 32, Window.unpadded(3, 2));
    x = blocks.conv(x, 32, Window.unpadded(3, 1));
    x = blocks.conv(x, 64, Window.square(3, 1));
    x = net.maxPool(x, Window.unpadded(3, 2));
    x = blocks.conv(x, 80, Window.square(1, 1));
    x = blocks.conv(x, 192, Window.unpadded(3, 1));
    x = net.maxPool(x, Window.unpadded(3, 2));
    for (int pool : new int[] {32, 64, 64}) {
      x = blocks.moduleA(x, pool);
    }
    x = blocks.reduceB(x);
    for (int width : new int[] {128, 160, 160, 192}) {
      x = blocks.moduleC(x, width);
    }
    x = blocks.reduceD(x);
    x = blocks.moduleE(x);
    return net.classify(blocks.moduleE(x));
  }

  private Features conv(Features x, int out, Window window) {
    return net.conv(x, out, window, RELU);
  }

  private Features pooled(Features x, int out) {
    return conv(net.averagePool(x, Window.square(3, 1)), out, Window.square(1, 1));
  }

  private Features moduleA(Features x, int pool) {
    Features five = conv(conv(x, 48, Window.square(1, 1)), 64, Window.square(5, 1));
    Features three = conv(conv(x, 64, Window.square(1, 1)), 96, Window.square(3, 1));
    three = conv(three, 96, Window.square(3, 1));
    return net.concat(List.of(conv(x, 64, Window.square(1, 1)), five, three, pooled(x, pool)));
  }

  private Features reduceB(Features x) {
    Features three = conv(conv(x, 64, Window.square(1, 1)), 96, Window.square(3, 1));
    return net.concat(
        List.of(
            conv(x, 384, Window.unpadded(3, 2)),
            conv(three, 96, Window.unpadded(3, 2)),
            net.maxPool(x, Window.unpadded(3, 2))));
  }

  private Features moduleC(Features x, int width) {
    Features seven = conv(x, width, Window.square(1, 1));
    seven = conv(conv(seven, width, Window.of(1, 7)), 192, Window.of(7, 1));
    Features twice = conv(x, width, Window.square(1, 1));
    twice = conv(conv(twice, width, Window.of(7, 1)), width, Window.of(1, 7));
    twice = conv(conv(twice, width, Window.of(7, 1)), 192, Window.of(1, 7));
    return net.concat(List.of(conv(x, 192, Window.square(1, 1)), seven, twice, pooled(x, 192)));
  }

  private Features reduceD(Features x) {
    Features seven = conv(x, 192, Window.square(1, 1));
    seven = conv(conv(seven, 192, Window.of(1, 7)), 192, Window.of(7, 1));
    return net.concat(
        List.of(
            conv(conv(x, 192, Window.square(1, 1)), 320, Window.unpadded(3, 2)),
            conv(seven, 192, Window.unpadded(3, 2)),
            net.maxPool(x, Window.unpadded(3, 2))));
  }

  private Features moduleE(Features x) {
    Features three = conv(x, 384, Window.square(1, 1));
    Features twice = conv(conv(x, 448, Window.square(1, 1)), 384, Window.square(3, 1));
    return net.concat(
        List.of(
            conv(x, 320, Window.square(1, 1)),
            conv(three, 384, Window.of(1, 3)),
            conv(three, 384, Window.of(3, 1)),
            conv(twice, 384, Window.of(1, 3)),
            conv(twice, 384, Window.of(3, 1)),
            pooled(x, 192)));
  }
}
