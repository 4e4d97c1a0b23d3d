package io.compresso.op;

import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.WeightQuantization;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Product of 8-bit integers less their zero points, in 32 bits. */
final class MatMulInteger implements Operator {
  @Override
  public String opType() {
    return "MatMulInteger";
  }

  @Override
  public List<Integer> versions() {
    return List.of(10);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(MatrixProduct.infer(context, 0, 1, DType.INT32));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor a = context.tensor(0);
    Tensor b = context.tensor(1);
    long channels = b.shape().rank() < 2 ? 1 : b.shape().dim(-1);
    int[] zeroPoints = Quantization.zeroPoints(context, 3, channels);
    Tensor rows = context.tensorOrNull(2);
    boolean perRow = rows != null && rows.size() > 1;
    Tensor y =
        new MatrixProduct(
                a,
                b,
                DType.INT32,
                WeightQuantization.ofZeroPoints(zeroPoints),
                perRow ? 0 : Quantization.zeroPoint(context, 2))
            .run(context, Quantization.allConstant(context, 1, 3));
    if (perRow && rows != null) {
      subtractRows(context, y, b, zeroPoints, rows);
    }
    return y;
  }

  /** Takes each row's zero point times the sums of {@code b}'s columns off. */
  private static void subtractRows(
      OpContext context, Tensor y, Tensor b, int[] zeroPoints, Tensor rows) {
    Shape shape = b.shape();
    if (shape.rank() != 2 || y.shape().rank() < 2 || rows.size() != y.shape().dim(-2)) {
      throw context.error(
          "zero point %s of the rows for result %s".formatted(rows.shape(), y.shape()));
    }
    int n = (int) shape.dim(1);
    long[] sums = new long[n];
    for (long i = 0; i < b.size(); i++) {
      int column = (int) (i % n);
      sums[column] += b.getLong(i) - zeroPoints[zeroPoints.length == 1 ? 0 : column];
    }
    for (long i = 0; i < y.size(); i++) {
      long row = i / n % rows.size();
      y.setLong(i, y.getLong(i) - rows.getLong(row) * sums[(int) (i % n)]);
    }
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    if (!context.isFixed(3)) {
      return null;
    }
    WeightQuantization quantization =
        WeightQuantization.ofZeroPoints(Lowerings.zeroPoints(context, 3));
    if (context.isFixed(2)) {
      return ProductLowering.matrices(
          context,
          new ProductLowering.Product(
              0, 1, -1, DType.INT32, quantization, Lowerings.zeroPoint(context, 2), Epilogue.NONE));
    }
    TensorSpec a = context.input(0);
    TensorSpec b = context.input(1);
    if (a.shape().rank() < 2 || b.shape().rank() != 2) {
      return null;
    }
    int k = Math.toIntExact(b.shape().dim(0));
    int n = Math.toIntExact(b.shape().dim(1));
    int m = Math.toIntExact(a.shape().size(0, a.shape().rank() - 1));
    return ProductLowering.integers(
        context,
        new GemmProblem(
            new OperandTypes(a.dtype(), b.dtype(), DType.INT32),
            m,
            n,
            k,
            GemmProblem.Transpose.NONE,
            Epilogue.NONE),
        new ProductLowering.Product(0, 1, -1, DType.INT32, quantization, 0, Epilogue.NONE),
        2);
  }
}
