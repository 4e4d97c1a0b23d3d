package io.compresso.engine.pass;

import io.compresso.graph.Node;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Lets recurrent nodes of 16-bit floats compute with floats of 32 bits, which they round once. */
final class WidenRecurrent extends Rewriting {
  private static final int TO_FLOAT = 1;

  /** ONNX numbers of the types of tensors. */
  private static final int TO_FLOAT16 = 10;

  private static final int TO_BFLOAT16 = 16;

  WidenRecurrent() {
    super("GRU", "LSTM", "RNN");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    DType narrow = view.dtype(node.input(0));
    if (narrow != DType.FLOAT16 && narrow != DType.BFLOAT16) {
      return;
    }
    List<Node> after = new ArrayList<>();
    List<String> inputs = new ArrayList<>();
    for (String input : node.inputs()) {
      inputs.add(view.dtype(input) == narrow ? widened(view, input, after, edit) : input);
    }
    List<String> outputs = new ArrayList<>();
    for (String output : node.outputs()) {
      outputs.add(output.isEmpty() ? output : edit.fresh(output + "_wide"));
    }
    after.add(NodeBuilder.like(node).inputs(inputs).outputs(outputs).build());
    for (int i = 0; i < outputs.size(); i++) {
      if (!outputs.get(i).isEmpty()) {
        after.add(
            NodeBuilder.onnx("Cast")
                .inputs(outputs.get(i))
                .outputs(node.outputs().get(i))
                .with("to", narrow == DType.FLOAT16 ? TO_FLOAT16 : TO_BFLOAT16)
                .build());
      }
    }
    edit.replace(List.of(node), after.toArray(Node[]::new));
  }

  private static String widened(GraphView view, String input, List<Node> before, Edit edit) {
    Tensor constant = view.constant(input);
    if (constant != null) {
      Tensor wide = Tensor.allocate(DType.FLOAT, constant.shape());
      new ScaledCopies(constant, wide).copy(0, wide.size(), 1);
      return edit.constant(input + "_wide", wide);
    }
    String wide = edit.fresh(input + "_wide");
    before.add(NodeBuilder.onnx("Cast").inputs(input).outputs(wide).with("to", TO_FLOAT).build());
    return wide;
  }
}
