package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Shape rules of operators with a {@code layout}, from those for channels first. */
final class LayoutDims {
  private LayoutDims() {}

  /** The rule's result in the node's layout; input 0 and the result follow it. */
  static Inferred infer(ShapeContext context, Function<ShapeContext, Inferred> rule) {
    if (CompiledConvolution.layout(context.node()) == Layout.NCHW) {
      return rule.apply(context);
    }
    List<Dim> dims = context.dims(0);
    if (dims != null && dims.size() < 3) {
      throw context.error("input of rank " + dims.size() + " has no spatial axes");
    }
    Inferred first = rule.apply(new First(context));
    return first.type() instanceof TensorType type && type.dims() != null
        ? Inferred.tensor(type.dtype(), ChannelsLast.toLast(type.dims()))
        : first;
  }

  /** The same node as if the channels came first. */
  private record First(ShapeContext context) implements ShapeContext {
    @Override
    public Node node() {
      return context.node();
    }

    @Override
    public int opset() {
      return context.opset();
    }

    @Override
    public Inferred input(int index) {
      Inferred input = context.input(index);
      return index == 0 && input.type() instanceof TensorType type && type.dims() != null
          ? Inferred.tensor(type.dtype(), ChannelsLast.toFirst(type.dims()))
          : input;
    }

    @Override
    public @Nullable Tensor constant(int index) {
      return context.constant(index);
    }

    @Override
    public List<Inferred> infer(Graph body, List<Inferred> inputs) {
      return context.infer(body, inputs);
    }
  }
}
