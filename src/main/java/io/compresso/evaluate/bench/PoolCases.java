package io.compresso.evaluate.bench;

import io.compresso.graph.Attribute;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.PoolProblem.Kind;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Pooling of windows and of whole planes; ours in both layouts. */
public final class PoolCases {
  private record Size(ShapeList list, int channels, int size, int kernel, int stride, Kind kind) {
    boolean isGlobal() {
      return kernel == size;
    }

    PoolProblem problem(DType dtype, Layout layout) {
      int pad = isGlobal() ? 0 : kernel / 2;
      SpatialAxis axis = new SpatialAxis(size, kernel, stride, 1, pad, pad);
      return new PoolProblem(kind, dtype, layout, 1, channels, List.of(axis, axis));
    }
  }

  private static final List<Size> SIZES =
      List.of(
          new Size(ShapeList.RESNET_50, 64, 112, 3, 2, Kind.MAX),
          new Size(ShapeList.RESNET_50, 2048, 7, 7, 1, Kind.AVERAGE),
          new Size(ShapeList.MOBILENET_V2, 1280, 7, 7, 1, Kind.AVERAGE),
          new Size(ShapeList.SHUFFLENET_V2, 24, 112, 3, 2, Kind.MAX),
          new Size(ShapeList.SHUFFLENET_V2, 1024, 7, 7, 1, Kind.AVERAGE));

  private PoolCases() {}

  /** In float, half precision against float, and 8 bits. */
  public static List<KernelCase> cases(DType dtype, DType peerDtype) {
    DType type = dtype == DType.INT8 ? DType.UINT8 : dtype;
    DType peerType = peerDtype == DType.INT8 ? DType.UINT8 : peerDtype;
    if (!Operators.isComparable(dtype, peerDtype)) {
      return List.of();
    }
    List<KernelCase> cases = new ArrayList<>();
    for (Size size : SIZES) {
      PoolProblem last = size.problem(type, Layout.NHWC);
      String shape =
          "%s %dx%dx%d kernel=%d stride=%d"
              .formatted(
                  size.kind == Kind.MAX ? "max" : "average",
                  size.channels,
                  size.size,
                  size.size,
                  size.kernel,
                  size.stride);
      cases.add(
          new KernelCase(
              size.list,
              shape,
              peerDtype,
              List.of(own(last), own(size.problem(type, Layout.NCHW))),
              peers(size, peerType),
              Roof.copying(last.inputBytes(), last.outputBytes())));
    }
    return cases;
  }

  private static KernelCase.Own own(PoolProblem problem) {
    Tensor x = RandomData.bytes(problem.type(), problem.inputBytes(), 1);
    Weights weights =
        Weights.NONE.withQuantization(new WeightQuantization(new int[] {0}, new float[] {1}, 0));
    return CatalogKernel.of(problem, weights, x, null);
  }

  private static List<KernelCase.Peer> peers(Size size, DType type) {
    if (size.kind == Kind.MAX) {
      return List.of(PeerModel.plain(() -> window(size, type)));
    }
    return type == DType.UINT8
        ? List.of(
            PeerModel.plain(() -> quantizedGlobal(size, false)),
            PeerModel.plain(() -> quantizedGlobal(size, true)))
        : List.of(PeerModel.plain(() -> PeerModel.of("GlobalAveragePool").input(x(size, type))));
  }

  private static Tensor x(Size size, DType type) {
    return RandomData.of(type, Shape.of(1, size.channels, size.size, size.size), 1);
  }

  private static PeerModel window(Size size, DType type) {
    int pad = size.kernel / 2;
    return PeerModel.of("MaxPool")
        .input(x(size, type))
        .attribute("kernel_shape", Attribute.ints(size.kernel, size.kernel))
        .attribute("strides", Attribute.ints(size.stride, size.stride))
        .attribute("pads", Attribute.ints(pad, pad, pad, pad));
  }

  private static PeerModel quantizedGlobal(Size size, boolean channelsLast) {
    Shape shape =
        channelsLast
            ? Shape.of(1, size.size, size.size, size.channels)
            : Shape.of(1, size.channels, size.size, size.size);
    Tensor one = Tensor.scalar(1f);
    Tensor zero = Tensor.allocate(DType.UINT8, Shape.SCALAR);
    return new PeerModel(PeerModel.MICROSOFT, "QLinearGlobalAveragePool")
        .input(RandomData.of(DType.UINT8, shape, 1))
        .constant(one)
        .constant(zero)
        .constant(one)
        .constant(zero)
        .attribute("channels_last", Attribute.of(channelsLast ? 1 : 0));
  }
}
