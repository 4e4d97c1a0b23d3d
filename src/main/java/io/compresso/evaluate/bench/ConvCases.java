package io.compresso.evaluate.bench;

import io.compresso.graph.Attribute;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.SpatialAxis;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Convolutions of one image, each side in the layout that it is fastest in. */
public final class ConvCases {
  private ConvCases() {}

  /** All but the depthwise ones. */
  public static List<KernelCase> dense(DType dtype, DType peerDtype) {
    return cases(ConvShapes.dense(), dtype, peerDtype);
  }

  /** Convolutions in which each channel has a filter of its own. */
  public static List<KernelCase> depthwise(DType dtype, DType peerDtype) {
    return cases(ConvShapes.depthwise(), dtype, peerDtype);
  }

  private static List<KernelCase> cases(
      List<ConvShapes.ConvShape> shapes, DType dtype, DType peerDtype) {
    List<KernelCase> cases = new ArrayList<>();
    for (ConvShapes.ConvShape shape : shapes) {
      ConvProblem problem = problem(shape, Operators.types(dtype), Layout.NCHW);
      cases.add(
          new KernelCase(
              shape.list(),
              shape.toString(),
              peerDtype,
              List.of(
                  CatalogKernel.of(problem),
                  CatalogKernel.of(problem(shape, problem.types(), Layout.NHWC))),
              peers(shape, peerDtype),
              Roof.highest(
                  Roof.arithmetic(problem.macs(), dtype),
                  Roof.copying(
                      problem.inputBytes() + problem.weightBytes(), problem.outputBytes()))));
    }
    return cases;
  }

  private static ConvProblem problem(
      ConvShapes.ConvShape shape, OperandTypes types, Layout layout) {
    SpatialAxis axis =
        new SpatialAxis(
            shape.size(),
            shape.kernel(),
            shape.stride(),
            1,
            shape.kernel() / 2,
            shape.kernel() / 2);
    Channels channels = new Channels(shape.in(), shape.out(), shape.groups());
    return new ConvProblem(types, layout, 1, channels, List.of(axis, axis), Epilogue.NONE);
  }

  private static List<KernelCase.Peer> peers(ConvShapes.ConvShape shape, DType dtype) {
    KernelCase.Peer plain = PeerModel.plain(() -> model(shape, dtype, Layout.NCHW));
    return switch (dtype) {
      case INT8 -> List.of(plain, PeerModel.plain(() -> model(shape, dtype, Layout.NHWC)));
      case FLOAT -> List.of(plain, BlockedPeer.of(() -> model(shape, dtype, Layout.NCHW)));
      default -> List.of(plain);
    };
  }

  private static PeerModel model(ConvShapes.ConvShape shape, DType dtype, Layout layout) {
    OperandTypes types = Operators.types(dtype);
    boolean last = layout == Layout.NHWC;
    Shape input =
        last
            ? Shape.of(1, shape.size(), shape.size(), shape.in())
            : Shape.of(1, shape.in(), shape.size(), shape.size());
    Shape filters =
        Shape.of(shape.out(), shape.in() / shape.groups(), shape.kernel(), shape.kernel());
    Tensor x = RandomData.of(types.input(), input, 1);
    Tensor w = RandomData.of(types.weight(), filters, 2);
    PeerModel model =
        types.isInt8()
            ? Operators.quantized("QLinearConv", last ? PeerModel.MICROSOFT : "", x, w)
            : PeerModel.of("Conv").input(x).constant(w);
    if (last) {
      model.attribute("channels_last", Attribute.of(1));
    }
    int pad = shape.kernel() / 2;
    return model
        .attribute("kernel_shape", Attribute.ints(shape.kernel(), shape.kernel()))
        .attribute("strides", Attribute.ints(shape.stride(), shape.stride()))
        .attribute("pads", Attribute.ints(pad, pad, pad, pad))
        .attribute("group", Attribute.of(shape.groups()));
  }
}
