package io.compresso.evaluate.models;

import static io.compresso.evaluate.models.ConvBuilder.Activation.NONE;
import static io.compresso.evaluate.models.ConvBuilder.Activation.RELU;

import io.compresso.evaluate.models.ConvBuilder.Features;
import io.compresso.evaluate.models.ConvBuilder.Normalization;
import io.compresso.evaluate.models.ConvBuilder.Window;
import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.tensor.DType;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** U-Net (arXiv 1505.04597) with padded convolutions. */
final class SegmentationNetworks {
  private static final int LEVELS = 4;
  private static final int CLASSES = 2;

  private SegmentationNetworks() {}

  /**
   * @param side a multiple of 16
   * @param width channels of the first level; each level doubles them
   */
  static Model unet(int side, int width) {
    ConvBuilder net = new ConvBuilder("unet", Normalization.FOLDED);
    Deque<Features> skipped = new ArrayDeque<>();
    Features x = twice(net, net.image(side), width);
    for (int level = 1; level <= LEVELS; level++) {
      skipped.push(x);
      x = twice(net, net.maxPool(x, Window.unpadded(2, 2)), width << level);
    }
    while (!skipped.isEmpty()) {
      Features skip = skipped.pop();
      Features up = net.upsample(x, skip.channels());
      x = twice(net, net.concat(List.of(skip, up)), skip.channels());
    }
    Features scores = net.conv(x, CLASSES, Window.square(1, 1), NONE);
    net.output(
        scores.name(),
        DType.FLOAT,
        GraphBuilder.batch(),
        Dim.of(CLASSES),
        Dim.of(scores.side()),
        Dim.of(scores.side()));
    return net.build();
  }

  private static Features twice(ConvBuilder net, Features x, int width) {
    Features y = net.conv(x, width, Window.square(3, 1), RELU);
    return net.conv(y, width, Window.square(3, 1), RELU);
  }
}
