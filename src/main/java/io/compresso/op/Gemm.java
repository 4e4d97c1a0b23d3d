package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code alpha * A . B + beta * C}, either matrix transposed, C broadcast. */
final class Gemm implements Operator {
  @Override
  public String opType() {
    return "Gemm";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1, 6, 7, 9, 11, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(infer(context));
  }

  static Inferred infer(ShapeContext context) {
    List<Dim> a = context.dims(0);
    List<Dim> b = context.dims(1);
    if (a != null && a.size() != 2 || b != null && b.size() != 2) {
      throw context.error("operands must be matrices");
    }
    boolean transposeA = context.node().intAttribute("transA", 0) != 0;
    boolean transposeB = context.node().intAttribute("transB", 0) != 0;
    if (a != null && b != null) {
      Dims.merge(context, a.get(transposeA ? 0 : 1), b.get(transposeB ? 1 : 0));
    }
    return Dims.tensor(
        context.dtype(0),
        List.of(
            a == null ? Dim.UNKNOWN : a.get(transposeA ? 1 : 0),
            b == null ? Dim.UNKNOWN : b.get(transposeB ? 0 : 1)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context, Epilogue.NONE)));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return ProductLowering.gemm(context);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.weighted(1, 2, 1));
  }

  /** The product with the node's attributes, clipped as {@code epilogue} says. */
  static Tensor run(OpContext context, Epilogue epilogue) {
    Tensor a = context.tensor(0);
    Tensor b = context.tensor(1);
    Tensor c = context.tensorOrNull(2);
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
    float alpha = context.node().floatAttribute("alpha", 1);
    float beta = context.node().floatAttribute("beta", 1);
    Shape shape = Shape.of(m, n);
    boolean fused =
        c != null
            && alpha == 1
            && beta == 1
            && a.dtype() == DType.FLOAT
            && c.dtype() == DType.FLOAT
            && c.size() == n
            && (c.shape().rank() == 1 || c.shape().dim(-1) == n);
    boolean plain = fused || alpha == 1 && (c == null || beta == 0);
    Tensor y = context.allocateUncleared(a.dtype(), shape);
    GemmProblem problem =
        new GemmProblem(
            new OperandTypes(a.dtype(), b.dtype(), a.dtype()),
            m,
            n,
            k,
            GemmProblem.Transpose.of(transposeA, transposeB),
            (plain ? epilogue : Epilogue.NONE).withBias(fused));
    Products.run(
        context,
        problem,
        context.isConstant(1) && (!fused || context.isConstant(2)),
        () ->
            Weights.of(Products.memory(b)).withBias(fused && c != null ? Products.memory(c) : null),
        Operands.of(Products.memory(a), y.segment()));
    if (!plain) {
      finish(context, y, alpha, beta, c, epilogue);
    }
    return y;
  }

  private static void finish(
      OpContext context, Tensor y, float alpha, float beta, @Nullable Tensor c, Epilogue clip) {
    double[] values = Reals.doubles(y);
    double[] addend = new double[1];
    if (c != null && beta != 0) {
      if (c.shape().rank() > 2 || !fits(c.shape(), y.shape())) {
        throw context.error("C of shape " + c.shape() + " does not broadcast to " + y.shape());
      }
      addend = Reals.doubles(c);
    }
    int n = (int) y.shape().dim(1);
    boolean alongRows = c != null && c.shape().rank() == 2 && c.shape().dim(0) != 1;
    boolean alongColumns = c != null && c.shape().rank() > 0 && c.shape().dim(-1) != 1;
    for (int i = 0; i < values.length; i++) {
      int row = alongRows ? i / n : 0;
      int column = alongColumns ? i % n : 0;
      int at = addend.length == 1 ? 0 : row * (alongColumns ? n : 1) + column;
      double value = alpha * values[i] + (double) beta * addend[at];
      y.setDouble(i, clip.clips() ? Math.max(clip.low(), Math.min(clip.high(), value)) : value);
    }
  }

  private static boolean fits(Shape c, Shape y) {
    for (int axis = 1; axis <= c.rank(); axis++) {
      if (c.dim(-axis) != 1 && c.dim(-axis) != y.dim(-axis)) {
        return false;
      }
    }
    return true;
  }
}
