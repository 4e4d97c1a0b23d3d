package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.compresso.graph.Attribute;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What a run leaves to the garbage collector. */
class AllocationTest {
  private static final int WARM = 3000;
  private static final int RUNS = 1000;

  private static Tensor random(SplittableRandom random, long... dims) {
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, (float) (random.nextDouble() * 2 - 1));
    }
    return tensor;
  }

  private static Model network() {
    SplittableRandom random = new SplittableRandom(7);
    return Graphs.opset(17)
        .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 8, 16, 16)))
        .constant("w", random(random, 8, 1, 1))
        .constant("shape", Tensor.ofLongs(Shape.of(2), 1, 8))
        .node("r = Relu x")
        .node("s = Sigmoid r")
        .node("p = Mul r s")
        .node("a = Add p w")
        .node("g = GlobalAveragePool a")
        .node("f = Reshape g shape")
        .node("y = Softmax f", "axis", Attribute.of(1))
        .output("y")
        .model();
  }

  @Test
  void run_allocatesNextToNothing_inSteadyState() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().threadId();
    try (Session session = Session.create(network(), new SessionOptions(1, 1 << 30))) {
      Map<String, Tensor> inputs = Map.of("x", random(new SplittableRandom(1), 1, 8, 16, 16));
      Map<String, Tensor> outputs = Map.of("y", Tensor.allocate(DType.FLOAT, Shape.of(1, 8)));
      assertThat(session.run(inputs, RunOptions.plain().withProfile()).profile())
          .allSatisfy(row -> assertThat(row.kernels()).isNotEmpty());
      for (int i = 0; i < WARM; i++) {
        session.run(inputs, outputs);
      }
      long before = threads.getThreadAllocatedBytes(self);
      for (int i = 0; i < RUNS; i++) {
        session.run(inputs, outputs);
      }
      long bytes = (threads.getThreadAllocatedBytes(self) - before) / RUNS;
      assertThat(bytes).as("bytes per run").isLessThanOrEqualTo(1024);
      assertThat(outputs.get("y").toFloats())
          .containsExactly(((Tensor) session.run(inputs).get("y")).toFloats());
    }
  }
}
