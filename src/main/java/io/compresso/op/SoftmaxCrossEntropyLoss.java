package io.compresso.op;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The negative log likelihood of targets given scores; also gives the log probabilities. */
final class SoftmaxCrossEntropyLoss implements Operator {
  @Override
  public String opType() {
    return "SoftmaxCrossEntropyLoss";
  }

  @Override
  public List<Integer> versions() {
    return List.of(12, 13);
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(
            Dims.tensor(context.dtype(0), LossReduction.dims(context)),
            Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(SoftmaxCrossEntropyLoss::run);
  }

  private static List<Tensor> run(OpContext context) {
    Tensor x = context.tensor(0);
    Shape shape = x.shape();
    double[] logs = Reals.doubles(x);
    int classes = shape.rank() < 2 ? 1 : Math.toIntExact(shape.dim(1));
    int inner = shape.rank() < 2 ? 1 : Math.toIntExact(shape.size(2, shape.rank()));
    for (int n = 0; n < logs.length; n++) {
      if (n / inner % classes == 0) {
        logSoftmax(logs, n, classes, inner);
      }
    }
    Tensor loss =
        LossReduction.loss(
            context, logs, shape, context.tensor(1), context.tensorOrNull(2), x.dtype());
    return List.of(loss, Reals.tensor(context, x.dtype(), shape, logs));
  }

  private static void logSoftmax(double[] x, int from, int count, int step) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, x[from + i * step]);
    }
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += Math.exp(x[from + i * step] - largest);
    }
    double offset = largest + Math.log(sum);
    for (int i = 0; i < count; i++) {
      x[from + i * step] -= offset;
    }
  }
}
