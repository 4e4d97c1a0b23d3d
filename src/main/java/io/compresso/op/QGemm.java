package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * {@code alpha * A . B + C} of quantized matrices, C in 32 bits; the result is quantized when its
 * scale is given, else float.
 */
final class QGemm extends MicrosoftOperator {
  @Override
  public String opType() {
    return "QGemm";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> a = context.dims(0);
      List<Dim> b = context.dims(3);
      boolean transposeA = context.node().intAttribute("transA", 0) != 0;
      boolean transposeB = context.node().intAttribute("transB", 0) != 0;
      DType dtype = context.node().input(7) == null ? DType.FLOAT : context.dtype(0);
      return List.of(
          Dims.tensor(
              dtype,
              List.of(
                  a == null || a.size() != 2 ? Dim.UNKNOWN : a.get(transposeA ? 1 : 0),
                  b == null || b.size() != 2 ? Dim.UNKNOWN : b.get(transposeB ? 0 : 1))));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor a = context.tensor(0);
    Tensor b = context.tensor(3);
    boolean transposeA = context.node().intAttribute("transA", 0) != 0;
    boolean transposeB = context.node().intAttribute("transB", 0) != 0;
    if (a.shape().rank() != 2
        || b.shape().rank() != 2
        || a.shape().dim(transposeA ? 0 : 1) != b.shape().dim(transposeB ? 1 : 0)) {
      throw context.error("shapes " + a.shape() + " and " + b.shape() + " do not multiply");
    }
    int m = Math.toIntExact(a.shape().dim(transposeA ? 1 : 0));
    int n = Math.toIntExact(b.shape().dim(transposeB ? 0 : 1));
    int k = Math.toIntExact(a.shape().dim(transposeA ? 0 : 1));
    int zeroA = Quantization.zeroPoint(context, 2);
    int[] zeroB = Quantization.zeroPoints(context, 5, n);
    float scaleA = Quantization.scale(context, 1);
    float[] scaleB = Quantization.scales(context, 4, n);
    float alpha = context.node().floatAttribute("alpha", 1);
    long[] left = a.toLongs();
    long[] right = b.toLongs();
    Tensor c = context.tensorOrNull(6);
    double[] y = new double[Math.multiplyExact(m, n)];
    for (int row = 0; row < m; row++) {
      for (int column = 0; column < n; column++) {
        int zero = zeroB[zeroB.length == 1 ? 0 : column];
        long sum = 0;
        for (int i = 0; i < k; i++) {
          long x = left[transposeA ? i * m + row : row * k + i] - zeroA;
          long w = right[transposeB ? column * k + i : i * n + column] - zero;
          sum += x * w;
        }
        int at = row * n + column;
        sum += c == null ? 0 : c.getLong(MatrixProduct.index(at, c.shape(), Shape.of(m, n)));
        y[at] = sum * (alpha * scaleA * scaleB[scaleB.length == 1 ? 0 : column]);
      }
    }
    return context.tensorOrNull(7) == null
        ? Reals.tensor(context, DType.FLOAT, Shape.of(m, n), y)
        : QuantizedFunction.quantize(context, y, Shape.of(m, n), 0, 7);
  }
}
