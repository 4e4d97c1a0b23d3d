package io.compresso.op;

import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** A copy of the data with updates put, or combined, at indices of their line along an axis. */
final class ScatterElements extends StandardOperator {
  ScatterElements() {
    super("ScatterElements", 11, 13, 16, 18);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(scatter(context)));
  }

  static Tensor scatter(OpContext context) {
    Tensor y = context.tensor(0).copy();
    Tensor indices = context.tensor(1);
    Tensor updates = context.tensor(2);
    if (updates.dtype() != y.dtype()) {
      throw context.error("updates " + updates + " are not of the type of " + y);
    }
    if (!updates.shape().equals(indices.shape())) {
      throw context.error("updates " + updates + " do not fit indices " + indices);
    }
    int axis = Axes.normalize(context, context.node().intAttribute("axis", 0), y.shape().rank());
    String reduction = context.node().stringAttribute("reduction", "none");
    GatherElements.Lines lines = GatherElements.Lines.of(context, y.shape(), indices.shape(), axis);
    for (long i = 0; i < indices.size(); i++) {
      Elements.combine(context, reduction, updates, i, y, lines.at(context, indices.getLong(i)));
      lines.advance();
    }
    return y;
  }
}
