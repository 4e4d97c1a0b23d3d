package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.Graphs;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Runs whose shapes differ from those before. */
class GrowingShapesTest {
  @Test
  void weights_areThoseOfTheRun_whenTheyFollowFromItsShapes() {
    Dim free = Dim.symbol("n");
    Model model =
        Graphs.opset(17)
            .input("x", new TensorType(DType.FLOAT, List.of(Dim.of(2), Dim.of(3))))
            .input("z", new TensorType(DType.FLOAT, List.of(free)))
            .constant("dims", Tensor.ofLongs(Shape.of(2), 3, 2))
            .node("s = Shape z")
            .node("f = Cast s", "to", 1)
            .node("w = Expand f dims")
            .node("y = MatMul x w")
            .output("y")
            .model();
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      for (int n : new int[] {5, 7, 5, 9, 7}) {
        Map<String, Value> inputs = Map.of("x", ones(2, 3), "z", ones(n));
        assertThat(((Tensor) session.run(inputs).get("y")).getFloat(3)).isEqualTo(3 * n);
      }
    }
  }

  private static Tensor ones(long... dims) {
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, 1);
    }
    return tensor;
  }
}
