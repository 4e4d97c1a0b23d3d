package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Support vector regression of samples {@code [N, C]} to {@code [N, 1]}. */
final class SVMRegressor extends MlOperator {
  @Override
  public String opType() {
    return "SVMRegressor";
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(Inferred.tensor(DType.FLOAT, List.of(MlAttributes.rows(context), Dim.of(1))));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    long supports = context.node().intAttribute("n_supports", 0);
    if (supports < 0 || supports > Integer.MAX_VALUE) {
      throw context.error("attribute 'n_supports' is " + supports);
    }
    SupportVectors vectors = SupportVectors.of(context.node(), (int) supports, 1);
    double[] rho = MlAttributes.reals(context.node(), "rho");
    MlAttributes.requireCount(context.node(), "rho", rho.length, 1);
    double[] weights = supports == 0 ? null : MlAttributes.reals(context.node(), "coefficients");
    if (weights != null) {
      MlAttributes.requireCount(context.node(), "coefficients", weights.length, (int) supports);
    }
    int rows = MlAttributes.rows(context, x);
    if (x.shape().dim(-1) != vectors.width()) {
      throw context.error("input " + x.shape() + " for vectors of " + vectors.width());
    }
    boolean oneClass = context.node().intAttribute("one_class", 0) != 0;
    double[] values = Reals.doubles(x);
    double[] y = new double[rows];
    for (int row = 0; row < rows; row++) {
      double[] alike = vectors.compare(values, row * vectors.width());
      y[row] = rho[0];
      for (int i = 0; i < alike.length; i++) {
        y[row] += alike[i] * (weights == null ? 1 : weights[i]);
      }
      if (oneClass) {
        y[row] = y[row] > 0 ? 1 : -1;
      }
    }
    return Reals.tensor(context, DType.FLOAT, Shape.of(rows, 1), y);
  }
}
