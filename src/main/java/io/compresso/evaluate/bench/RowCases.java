package io.compresso.evaluate.bench;

import io.compresso.graph.Attribute;
import io.compresso.kernel.NormProblem;
import io.compresso.kernel.ReduceFunction;
import io.compresso.kernel.ReduceProblem;
import io.compresso.kernel.SoftmaxProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Softmax, layer normalization and means, in float and half precision. */
public final class RowCases {
  private static final float EPSILON = 1e-12f;

  private record Size(ShapeList list, int rows, int length) {
    String shape() {
      return "%dx%d".formatted(rows, length);
    }
  }

  private static final List<Size> SOFTMAX =
      List.of(
          new Size(ShapeList.BERT_BASE, 12 * 128, 128),
          new Size(ShapeList.BERT_BASE, 12 * 384, 384),
          new Size(ShapeList.RESNET_50, 1, 1000),
          new Size(ShapeList.RESNET_50, 8, 1000));

  private static final List<Size> NORM =
      List.of(
          new Size(ShapeList.BERT_BASE, 128, 768),
          new Size(ShapeList.BERT_BASE, 384, 768),
          new Size(ShapeList.BERT_BASE, 8 * 128, 768));

  private static final List<Size> REDUCE =
      List.of(
          new Size(ShapeList.BERT_BASE, 128, 768),
          new Size(ShapeList.BERT_BASE, 8 * 128, 768),
          new Size(ShapeList.RESNET_50, 2048, 49),
          new Size(ShapeList.MOBILENET_V2, 1280, 49));

  private RowCases() {}

  private static boolean isTimed(DType dtype, DType peerDtype) {
    return dtype == DType.FLOAT || Operators.isHalf(dtype, peerDtype);
  }

  private static Tensor x(Size size, DType type) {
    return RandomData.of(type, Shape.of(size.rows, size.length), 1);
  }

  public static List<KernelCase> softmax(DType dtype, DType peerDtype) {
    List<KernelCase> cases = new ArrayList<>();
    for (Size size : isTimed(dtype, peerDtype) ? SOFTMAX : List.<Size>of()) {
      SoftmaxProblem problem = new SoftmaxProblem(dtype, size.rows, size.length, 1, false);
      cases.add(
          new KernelCase(
              size.list,
              size.shape(),
              peerDtype,
              List.of(CatalogKernel.of(problem, Weights.NONE, x(size, dtype), null)),
              List.of(PeerModel.plain(() -> PeerModel.of("Softmax").input(x(size, peerDtype)))),
              Roof.copying(problem.inputBytes(), problem.outputBytes())));
    }
    return cases;
  }

  public static List<KernelCase> layerNorm(DType dtype, DType peerDtype) {
    List<KernelCase> cases = new ArrayList<>();
    for (Size size : isTimed(dtype, peerDtype) ? NORM : List.<Size>of()) {
      NormProblem problem =
          new NormProblem(
              NormProblem.Kind.LAYER,
              dtype,
              size.rows,
              size.length,
              EPSILON,
              NormProblem.Terms.SCALE_AND_BIAS);
      Shape row = Shape.of(size.length);
      Weights weights =
          Weights.of(RandomData.of(dtype, row, 2).segment())
              .withBias(RandomData.of(dtype, row, 3).segment());
      cases.add(
          new KernelCase(
              size.list,
              size.shape(),
              peerDtype,
              List.of(CatalogKernel.of(problem, weights, x(size, dtype), null)),
              List.of(
                  PeerModel.plain(() ->
                      PeerModel.of("LayerNormalization")
                          .input(x(size, peerDtype))
                          .constant(RandomData.of(peerDtype, row, 2))
                          .constant(RandomData.of(peerDtype, row, 3))
                          .attribute("epsilon", Attribute.of(EPSILON)))),
              Roof.copying(problem.inputBytes(), problem.outputBytes())));
    }
    return cases;
  }

  /** Means of rows. */
  public static List<KernelCase> reduce(DType dtype, DType peerDtype) {
    List<KernelCase> cases = new ArrayList<>();
    for (Size size : isTimed(dtype, peerDtype) ? REDUCE : List.<Size>of()) {
      ReduceProblem problem =
          new ReduceProblem(ReduceFunction.MEAN, dtype, size.rows, size.length, 1);
      cases.add(
          new KernelCase(
              size.list,
              size.shape(),
              peerDtype,
              List.of(CatalogKernel.of(problem, Weights.NONE, x(size, dtype), null)),
              List.of(
                  PeerModel.plain(() ->
                      PeerModel.of("ReduceMean")
                          .input(x(size, peerDtype))
                          .attribute("axes", Attribute.ints(-1)))),
              Roof.reading(problem.inputBytes())));
    }
    return cases;
  }
}
