package io.compresso.op;

import static io.compresso.tensor.DType.FLOAT;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.Attribute;
import io.compresso.graph.GraphException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Operators that carry a state from call to call, in the forms that ONNX Runtime has. */
class StatefulOperatorsTest {
  /**
   * Two sequences of three tokens.
   *
   * @param queries heads of 4 elements
   * @param keys heads of 4 elements
   * @param states heads of 4 by 5 elements
   */
  private static PeerComparison attention(String rule, int queries, int keys, int states) {
    return PeerComparison.ofMicrosoft("LinearAttention")
        .with("update_rule", Attribute.of(rule))
        .with("q_num_heads", queries)
        .with("kv_num_heads", states)
        .floats(2, 3, queries * 4L)
        .floats(2, 3, keys * 4L)
        .floats(2, 3, states * 5L)
        .output(FLOAT)
        .output(FLOAT);
  }

  @Test
  void linearAttention_agrees_withEveryRule() throws Exception {
    for (String rule : List.of("linear", "gated", "delta", "gated_delta")) {
      PeerComparison node = attention(rule, 2, 2, 2).floats(2, 2, 4, 5);
      if (rule.startsWith("gated")) {
        node.floats(2, 3, 8);
      } else if (rule.equals("delta")) {
        node.omitted();
      }
      if (rule.endsWith("delta")) {
        node.floats(2, 3, 2);
      }
      node.agrees(1e-4, 0);
    }
  }

  @Test
  void linearAttention_agrees_whenHeadsAreShared() throws Exception {
    attention("linear", 4, 2, 2).agrees(1e-4, 0);
    attention("gated", 4, 2, 2).omitted().floats(2, 3, 2).agrees(1e-4, 0);
    attention("delta", 2, 2, 2).omitted().omitted().floats(2, 3, 1).agrees(1e-4, 0);
    attention("linear", 2, 2, 2).with("scale", Attribute.of(0.3f)).agrees(1e-4, 0);
  }

  @Test
  void linearAttention_blamesWhatDoesNotFit() {
    isRefused(attention("linear", 3, 2, 2), "'q_num_heads' 3");
    isRefused(attention("gated", 2, 2, 2), "'decay' is missing");
    isRefused(attention("other", 2, 2, 2), "'update_rule' is 'other'");
    isRefused(attention("linear", 2, 2, 2).floats(2, 2, 5, 4), "past state [2, 2, 5, 4]");
  }

  private static void isRefused(PeerComparison node, String message) {
    assertThatThrownBy(node::agrees)
        .isInstanceOf(GraphException.class)
        .hasMessageContaining(message);
  }

  private static PeerComparison convolution(String activation, long kernel) {
    return PeerComparison.ofMicrosoft("CausalConvWithState")
        .with("activation", Attribute.of(activation))
        .floats(2, 3, 5)
        .floats(3, 1, kernel)
        .output(FLOAT)
        .output(FLOAT);
  }

  @Test
  void causalConvWithState_agrees() throws Exception {
    convolution("none", 4).floats(3).floats(2, 3, 3).agrees();
    convolution("silu", 4).floats(3).agrees();
    convolution("silu", 3).omitted().floats(2, 3, 2).agrees();
    isRefused(convolution("relu", 3), "'activation' is 'relu'");
    isRefused(convolution("none", 3).floats(3).floats(2, 3, 3), "past state [2, 3, 3]");
  }
}
