package io.compresso.technique.quantize;

import io.compresso.engine.FoldConstants;
import io.compresso.engine.Passes;
import io.compresso.engine.ShapeInference;
import io.compresso.engine.UpgradeOpset;
import io.compresso.graph.Graph;
import io.compresso.graph.Model;
import io.compresso.graph.Pass;
import io.compresso.graph.ValueType;
import io.compresso.op.Inferred;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/**
 * Brings a model into the form that is quantized: initializers are constants, foldings are done,
 * and the operator set knows quantization by axis.
 */
final class PrepareGraph {
  /** The first operator set with DequantizeLinear by axis. */
  static final int OPSET = 13;

  private static final long IR_VERSION = 7;

  private PrepareGraph() {}

  /** The prepared model: the same function. */
  static Model prepare(Model model) {
    Model folded =
        Passes.apply(freeze(model), List.of(new UpgradeOpset(OPSET), new FoldConstants()));
    ToIntFunction<String> rankOf = ranks(folded);
    List<Pass> passes =
        List.of(new FoldBatchNormalization(), new FoldBias(rankOf), new HoistRelu());
    return Passes.apply(folded, passes);
  }

  /** The rank of a value, -1 when it cannot be told. */
  private static ToIntFunction<String> ranks(Model model) {
    Map<String, Integer> ranks = new HashMap<>();
    for (Map.Entry<String, Inferred> value : ShapeInference.infer(model).entrySet()) {
      if (value.getValue().type() instanceof ValueType.TensorType(var _, var dims)
          && dims != null) {
        ranks.put(value.getKey(), dims.size());
      }
    }
    return value -> ranks.getOrDefault(value, -1);
  }

  /** Initializers that are also inputs, defaults that a run could replace, become constants. */
  private static Model freeze(Model model) {
    Graph graph = model.graph();
    Graph frozen =
        new Graph(
            graph.name(),
            graph.requiredInputs(),
            graph.outputs(),
            graph.nodes(),
            graph.initializers(),
            graph.valueInfos(),
            graph.annotations());
    return new Model(
        Math.max(IR_VERSION, model.irVersion()),
        model.opsetImports(),
        model.producer(),
        frozen,
        model.functions(),
        model.annotations());
  }
}
