package io.compresso.evaluate.bench;

import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.OperandTypes;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Products of matrices, and of a vector with a matrix, by constant weights. */
public final class MatrixCases {
  private record Size(ShapeList list, int m, int n, int k) {}

  private static final List<Size> MATRICES =
      List.of(
          new Size(ShapeList.SQUARE, 64, 64, 64),
          new Size(ShapeList.SQUARE, 128, 128, 128),
          new Size(ShapeList.SQUARE, 256, 256, 256),
          new Size(ShapeList.SQUARE, 512, 512, 512),
          new Size(ShapeList.SQUARE, 1024, 1024, 1024),
          new Size(ShapeList.BERT_BASE, 128, 768, 768),
          new Size(ShapeList.BERT_BASE, 128, 3072, 768),
          new Size(ShapeList.BERT_BASE, 128, 768, 3072),
          new Size(ShapeList.LSTM, 100, 2048, 512));

  private static final List<Size> VECTORS =
      List.of(
          new Size(ShapeList.RESNET_50, 1, 1000, 2048),
          new Size(ShapeList.MOBILENET_V2, 1, 1000, 1280),
          new Size(ShapeList.SHUFFLENET_V2, 1, 1000, 1024),
          new Size(ShapeList.BERT_BASE, 1, 768, 768),
          new Size(ShapeList.BERT_BASE, 1, 3072, 768),
          new Size(ShapeList.BERT_BASE, 1, 768, 3072),
          new Size(ShapeList.LSTM, 1, 2048, 512),
          new Size(ShapeList.SQUARE, 1, 4096, 4096));

  private MatrixCases() {}

  /** Products of matrices. */
  public static List<KernelCase> matrices(DType dtype, DType peerDtype) {
    return cases(MATRICES, dtype, peerDtype);
  }

  /** Products of one row. */
  public static List<KernelCase> vectors(DType dtype, DType peerDtype) {
    return cases(VECTORS, dtype, peerDtype);
  }

  private static List<KernelCase> cases(List<Size> sizes, DType dtype, DType peerDtype) {
    OperandTypes types = Operators.types(dtype);
    List<KernelCase> cases = new ArrayList<>();
    for (Size size : sizes) {
      GemmProblem problem = GemmProblem.ofFloat(size.m, size.n, size.k).withTypes(types);
      cases.add(
          new KernelCase(
              size.list,
              "m=%d n=%d k=%d".formatted(size.m, size.n, size.k),
              peerDtype,
              List.of(CatalogKernel.of(problem)),
              List.of(PeerModel.plain(() -> model(problem, peerDtype))),
              size.m == 1
                  ? Roof.reading(problem.weightBytes())
                  : Roof.arithmetic(problem.macs(), dtype)));
    }
    return cases;
  }

  private static PeerModel model(GemmProblem problem, DType dtype) {
    OperandTypes types = Operators.types(dtype);
    Tensor x = RandomData.of(types.input(), Shape.of(problem.m(), problem.k()), 1);
    Tensor w = RandomData.of(types.weight(), Shape.of(problem.k(), problem.n()), 2);
    return types.isInt8()
        ? Operators.quantized("QLinearMatMul", "", x, w)
        : PeerModel.of("MatMul").input(x).constant(w);
  }
}
