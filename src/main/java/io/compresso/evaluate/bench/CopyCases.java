package io.compresso.evaluate.bench;

import io.compresso.graph.Attribute;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Transposes. */
public final class CopyCases {
  private record Order(ShapeList list, Shape shape, int... axes) {}

  private static final List<Order> ORDERS =
      List.of(
          new Order(ShapeList.BERT_BASE, Shape.of(1, 128, 12, 64), 0, 2, 1, 3),
          new Order(ShapeList.BERT_BASE, Shape.of(1, 128, 12, 64), 0, 2, 3, 1),
          new Order(ShapeList.RESNET_50, Shape.of(1, 3, 224, 224), 0, 2, 3, 1),
          new Order(ShapeList.RESNET_50, Shape.of(1, 64, 56, 56), 0, 2, 3, 1),
          new Order(ShapeList.RESNET_50, Shape.of(1, 56, 56, 256), 0, 3, 1, 2),
          new Order(ShapeList.RESNET_50, Shape.of(1, 2048, 7, 7), 0, 2, 3, 1),
          new Order(ShapeList.SHUFFLENET_V2, Shape.of(1, 2, 58, 28, 28), 0, 2, 1, 3, 4));

  private CopyCases() {}

  /** In float and 8 bits; half precision against float. */
  public static List<KernelCase> cases(DType dtype, DType peerDtype) {
    List<KernelCase> cases = new ArrayList<>();
    for (Order order : Operators.isComparable(dtype, peerDtype) ? ORDERS : List.<Order>of()) {
      CopyProblem problem = CopyProblem.transpose(dtype.bits() / 8, order.shape, order.axes);
      long[] axes = Arrays.stream(order.axes).asLongStream().toArray();
      cases.add(
          new KernelCase(
              order.list,
              "transpose %s to %s"
                  .formatted(Arrays.toString(order.shape.dims()), Arrays.toString(axes))
                  .replace(", ", ","),
              peerDtype,
              List.of(
                  CatalogKernel.of(
                      problem, Weights.NONE, RandomData.of(dtype, order.shape, 1), null)),
              List.of(
                  PeerModel.plain(() ->
                      PeerModel.of("Transpose")
                          .input(RandomData.of(peerDtype, order.shape, 1))
                          .attribute("perm", Attribute.ints(axes)))),
              Roof.copying(problem.inputBytes(), problem.outputBytes())));
    }
    return cases;
  }
}
