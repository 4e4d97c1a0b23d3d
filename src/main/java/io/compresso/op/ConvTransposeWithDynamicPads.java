package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import java.util.List;
import java.util.Optional;

/** {@link ConvTranspose} whose pads are its third input, before the bias. */
final class ConvTransposeWithDynamicPads extends MicrosoftOperator {
  @Override
  public String opType() {
    return "ConvTransposeWithDynamicPads";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      boolean given = context.node().input(2) != null;
      long[] pads = Dims.longs(context, 2);
      Node node = pads != null ? padded(context.node(), pads) : given ? null : context.node();
      return List.of(ConvTranspose.infer(context, node));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      long[] pads = context.tensorOrNull(2) == null ? new long[0] : context.tensor(2).toLongs();
      Node node = padded(context.node(), pads);
      return List.of(ConvTranspose.run(context, node, context.tensorOrNull(3)));
    });
  }

  private static Node padded(Node node, long[] pads) {
    return node.withAttribute("pads", Attribute.ints(pads));
  }
}
