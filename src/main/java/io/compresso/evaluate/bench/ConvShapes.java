package io.compresso.evaluate.bench;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The convolutions of networks that read images of 224 x 224: ResNet-50 (arXiv 1512.03385, stride
 * in the 3x3 convolutions), MobileNet-v2 (arXiv 1801.04381) and ShuffleNet-v2 x1.0 (arXiv
 * 1807.11164), each shape once.
 */
final class ConvShapes {
  private final ShapeList list;
  private final Set<ConvShape> shapes = new LinkedHashSet<>();

  private ConvShapes(ShapeList list) {
    this.list = list;
  }

  /** A convolution over a square that is padded by half the filter. */
  record ConvShape(ShapeList list, int in, int out, int groups, int size, int kernel, int stride) {
    boolean isDepthwise() {
      return groups > 1 && groups == in;
    }

    @Override
    public String toString() {
      String channels = isDepthwise() ? Integer.toString(in) : in + "->" + out;
      String step = stride == 1 ? "" : "/" + stride;
      return "%s %dx%d%s @%d".formatted(channels, kernel, kernel, step, size);
    }
  }

  static List<ConvShape> dense() {
    return all().stream().filter(shape -> !shape.isDepthwise()).toList();
  }

  static List<ConvShape> depthwise() {
    return all().stream().filter(ConvShape::isDepthwise).toList();
  }

  private static List<ConvShape> all() {
    List<ConvShape> all = new ArrayList<>(resnet50());
    all.addAll(mobilenetV2());
    all.addAll(shufflenetV2());
    return all;
  }

  private void add(int in, int out, int groups, int size, int kernel, int stride) {
    shapes.add(new ConvShape(list, in, out, groups, size, kernel, stride));
  }

  private void dense(int in, int out, int size, int kernel, int stride) {
    add(in, out, 1, size, kernel, stride);
  }

  private static Set<ConvShape> resnet50() {
    ConvShapes net = new ConvShapes(ShapeList.RESNET_50);
    net.dense(3, 64, 224, 7, 2);
    int in = 64;
    int size = 56;
    for (int stage = 0; stage < 4; stage++) {
      int width = 64 << stage;
      int stride = stage == 0 ? 1 : 2;
      net.dense(in, width, size, 1, 1);
      net.dense(width, width, size, 3, stride);
      net.dense(in, 4 * width, size, 1, stride);
      size /= stride;
      net.dense(width, 4 * width, size, 1, 1);
      net.dense(4 * width, width, size, 1, 1);
      net.dense(width, width, size, 3, 1);
      in = 4 * width;
    }
    return net.shapes;
  }

  private static Set<ConvShape> mobilenetV2() {
    ConvShapes net = new ConvShapes(ShapeList.MOBILENET_V2);
    int[][] blocks = {
      {1, 16, 1, 1},
      {6, 24, 2, 2},
      {6, 32, 3, 2},
      {6, 64, 4, 2},
      {6, 96, 3, 1},
      {6, 160, 3, 2},
      {6, 320, 1, 1}
    };
    net.dense(3, 32, 224, 3, 2);
    int in = 32;
    int size = 112;
    for (int[] block : blocks) {
      for (int repeat = 0; repeat < block[2]; repeat++) {
        int wide = in * block[0];
        int stride = repeat == 0 ? block[3] : 1;
        if (wide != in) {
          net.dense(in, wide, size, 1, 1);
        }
        net.add(wide, wide, wide, size, 3, stride);
        size /= stride;
        net.dense(wide, block[1], size, 1, 1);
        in = block[1];
      }
    }
    net.dense(320, 1280, 7, 1, 1);
    return net.shapes;
  }

  private static Set<ConvShape> shufflenetV2() {
    ConvShapes net = new ConvShapes(ShapeList.SHUFFLENET_V2);
    net.dense(3, 24, 224, 3, 2);
    int in = 24;
    int size = 56;
    for (int out : new int[] {116, 232, 464}) {
      int half = out / 2;
      net.add(in, in, in, size, 3, 2);
      net.dense(in, half, size, 1, 1);
      net.add(half, half, half, size, 3, 2);
      size /= 2;
      net.dense(in, half, size, 1, 1);
      net.dense(half, half, size, 1, 1);
      net.add(half, half, half, size, 3, 1);
      in = out;
    }
    net.dense(464, 1024, 7, 1, 1);
    return net.shapes;
  }
}
