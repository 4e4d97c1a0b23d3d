package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Its input when it infers; in training mode each element is 0 with the given probability and
 * scaled up otherwise. Also gives the mask of the elements that are kept.
 */
final class Dropout extends StandardOperator {
  Dropout() {
    super("Dropout", 1, 6, 7, 10, 12, 13, 22);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType mask = context.opset() < 10 ? context.dtype(0) : DType.BOOL;
      return List.of(Inferred.of(context.input(0).type()), Dims.tensor(mask, context.dims(0)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor mode = context.tensorOrNull(2);
      Tensor given = context.tensorOrNull(1);
      double ratio =
          given == null ? context.node().floatAttribute("ratio", 0.5f) : given.getDouble(0);
      boolean training =
          context.opset() >= 12
              ? mode != null && mode.getLong(0) != 0
              : context.opset() < 7 && context.node().intAttribute("is_test", 0) == 0;
      List<Tensor> outputs = new ArrayList<>();
      boolean masked = context.node().outputs().size() > 1;
      Tensor mask =
          context.allocate(
              context.opset() < 10 ? x.dtype() : DType.BOOL,
              masked || training ? x.shape() : Shape.SCALAR);
      if (!training || ratio == 0) {
        for (long i = 0; i < mask.size(); i++) {
          mask.setDouble(i, 1);
        }
        outputs.add(x);
      } else {
        outputs.add(drop(context, x, mask, ratio));
      }
      if (masked) {
        outputs.add(mask);
      }
      return outputs;
    });
  }

  private static Tensor drop(OpContext context, Tensor x, Tensor mask, double ratio) {
    RandomGenerator random = RandomSource.of(context);
    Tensor y = context.allocate(x.dtype(), x.shape());
    for (long i = 0; i < x.size(); i++) {
      boolean keep = random.nextDouble() >= ratio;
      mask.setDouble(i, keep ? 1 : 0);
      y.setDouble(i, keep ? x.getDouble(i) / (1 - ratio) : 0);
    }
    return y;
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Tensor mode = context.constant(2);
    boolean infers =
        context.opset() >= 12
            ? context.inputOrNull(2) == null || mode != null && mode.getLong(0) == 0
            : context.opset() >= 7 || context.node().intAttribute("is_test", 0) != 0;
    return infers && context.outputOrNull(1) == null ? Lowered.view() : null;
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }
}
