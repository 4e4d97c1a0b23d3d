package io.compresso.op;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The same bits read as another element type of the same width. */
final class BitCast extends StandardOperator {
  BitCast() {
    super("BitCast", 26);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.tensor(target(context.node()), context.dims(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      DType to = target(context.node());
      if (x.dtype().bits() != to.bits() || to == DType.STRING) {
        throw context.error("the bits of " + x.dtype() + " do not make " + to);
      }
      return List.of(Tensor.wrap(to, x.shape(), x.segment()));
    });
  }

  private static DType target(Node node) {
    long code = node.intAttribute("to", 0);
    try {
      return DType.ofCode(Math.toIntExact(code));
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new GraphException(node, "attribute 'to' is " + code + ", no element type", e);
    }
  }
}
