package io.compresso.op;

import io.compresso.kernel.ConvertProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.TensorSpec;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Converts elements to the type that attribute {@code to} names. */
final class Cast extends StandardOperator {
  Cast() {
    super("Cast", 1, 6, 9, 13, 19, 21, 23, 24, 25, 28);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType to = ElementTypes.required(context.node(), "to");
      return List.of(
          new Inferred(
              Inferred.tensor(to, context.dims(0)).type(),
              to.isInteger() && to.bits() >= 32 ? context.input(0).elements() : null));
    };
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    DType to = context.output(0).dtype();
    if (x.dtype() == to) {
      return Lowered.view();
    }
    boolean exact = x.dtype().isFloat() || x.dtype().isInteger() && x.dtype().bits() <= 32;
    boolean floats = to == DType.FLOAT || to == DType.FLOAT16 || to == DType.BFLOAT16;
    return exact && floats
        ? Lowerings.single(
            context, ConvertProblem.of(x.dtype(), to, x.shape().size()), Weights.NONE)
        : null;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context ->
        List.of(
            Casts.cast(
                context,
                context.tensor(0),
                ElementTypes.required(context.node(), "to"),
                context.node().intAttribute("saturate", 1) != 0,
                context.node().stringAttribute("round_mode", "up"))));
  }
}
