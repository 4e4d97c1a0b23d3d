package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An operator that folds one or more inputs, all broadcast together, with a function on pairs. */
abstract class ElementwiseVariadic extends StandardOperator {
  ElementwiseVariadic(String opType, int... versions) {
    super(opType, versions);
  }

  /** The function that folds two values. */
  abstract ElementwiseBinary.Function bind(Node node);

  /** The result, from the fold of {@code count} inputs. */
  Tensor finish(OpContext context, Tensor folded, int count) {
    return folded;
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      @Nullable List<Dim> dims = context.dims(0);
      for (int i = 1; i < context.node().inputs().size(); i++) {
        dims = Dims.broadcast(context, dims, context.dims(i));
      }
      return List.of(Dims.tensor(context.dtype(0), dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      ElementwiseBinary.Function function = bind(context.node());
      Tensor result = context.tensor(0);
      for (int i = 1; i < context.inputCount(); i++) {
        result = ElementwiseBinary.apply(context, function, result, context.tensor(i));
      }
      return List.of(finish(context, result, context.inputCount()));
    });
  }
}
