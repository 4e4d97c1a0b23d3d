package io.compresso.op;

import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Runs one of two subgraphs. */
final class If extends StandardOperator {
  If() {
    super("If", 1, 11, 13, 16, 19, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      Tensor condition = context.constant(0);
      if (condition != null && condition.size() == 1) {
        return context.infer(branch(context.node(), condition.getLong(0) != 0), List.of());
      }
      List<Inferred> left = context.infer(branch(context.node(), true), List.of());
      List<Inferred> right = context.infer(branch(context.node(), false), List.of());
      List<Inferred> result = new ArrayList<>();
      for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
        result.add(Inferred.of(Dims.either(left.get(i).type(), right.get(i).type())));
      }
      return result;
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor condition = context.tensor(0);
      if (condition.size() != 1) {
        throw context.error("condition " + condition + " is not one element");
      }
      return context.run(branch(context.node(), condition.getLong(0) != 0), Map.of());
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec condition = context.input(0);
    if (condition.dtype() != DType.BOOL || condition.shape().size() != 1) {
      return null;
    }
    List<LoweredBody> branches = new ArrayList<>();
    long workspace = 0;
    for (boolean taken : new boolean[] {true, false}) {
      if (context.constant(0) instanceof Tensor known && known.getLong(0) != 0 != taken) {
        continue;
      }
      LoweredBody body = context.body(branch(context.node(), taken), List.of());
      if (body == null || !fits(context, body)) {
        return null;
      }
      workspace = Math.max(workspace, body.workspaceBytes());
      branches.add(body);
    }
    return Lowered.of(
            buffers -> {
              Lowered.Call first = call(context.node(), buffers, branches.getFirst());
              Lowered.Call last = call(context.node(), buffers, branches.getLast());
              MemorySegment chosen = buffers.input(0);
              return branches.size() == 1
                  ? first
                  : () -> {
                    if (chosen.get(ValueLayout.JAVA_BYTE, 0) != 0) {
                      first.run();
                    } else {
                      last.run();
                    }
                  };
            })
        .withWorkspace(workspace);
  }

  private static boolean fits(LoweringContext context, LoweredBody body) {
    int count = context.node().outputs().size();
    for (int i = 0; i < count; i++) {
      TensorSpec output = context.outputOrNull(i);
      if (i >= body.outputs().size() || output != null && !output.equals(body.outputs().get(i))) {
        return false;
      }
    }
    return true;
  }

  private static Lowered.Call call(Node node, Lowered.Buffers buffers, LoweredBody body) {
    List<@Nullable MemorySegment> outputs = new ArrayList<>();
    for (int i = 0; i < body.outputs().size(); i++) {
      outputs.add(node.output(i) == null ? null : buffers.output(i));
    }
    return buffers.call(
        body, List.of(), outputs, buffers.workspace().asSlice(0, body.workspaceBytes()));
  }

  private static Graph branch(Node node, boolean condition) {
    String name = condition ? "then_branch" : "else_branch";
    Graph graph = node.graphAttribute(name);
    if (graph == null) {
      throw new GraphException(node, "attribute '" + name + "' is missing");
    }
    return graph;
  }
}
