package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.util.LinkedHashMap;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nodes that cannot take what they are given say which operand or attribute, and what to do. */
class NodeFailuresTest {
  private static final long MOST = Long.MAX_VALUE;

  private static Tensor tensor(DType dtype, long... dims) {
    Tensor tensor = Tensor.allocate(dtype, Shape.of(dims));
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setDouble(i, i % 3);
    }
    return tensor;
  }

  private static Map<String, Tensor> operands(Tensor... tensors) {
    Map<String, Tensor> operands = new LinkedHashMap<>();
    for (Tensor tensor : tensors) {
      operands.put("x" + operands.size(), tensor);
    }
    return operands;
  }

  /** With constants that are known when the model is compiled, and without. */
  private static void isRefused(
      Map<String, Tensor> operands, String line, Object[] attributes, String... parts) {
    for (boolean constant : new boolean[] {false, true}) {
      for (boolean optimised : new boolean[] {false, true}) {
        Graphs graph = Graphs.opset(17).domain("com.microsoft", 1).node(line, attributes);
        Map<String, Tensor> feeds = new LinkedHashMap<>();
        operands.forEach((name, value) -> {
          if (constant && !name.equals("x0")) {
            graph.constant(name, value);
          } else {
            graph.input(name, ValueType.tensor(value.dtype(), value.shape()));
            feeds.put(name, value);
          }
        });
        Model model = graph.output("y").model();
        AbstractThrowableAssert<?, ?> failure =
            assertThatThrownBy(
                    () -> {
                      SessionOptions options = SessionOptions.DEFAULT.withOptimised(optimised);
                      try (Session session = Session.create(model, options)) {
                        session.run(feeds);
                      }
                    })
                .as("constant %s, optimised %s", constant, optimised)
                .isInstanceOf(GraphException.class)
                .hasMessageContaining("node 'y'");
        for (String part : parts) {
          failure.hasMessageContaining(part);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"MatMul", "Gemm", "com.microsoft:FusedMatMul", "com.microsoft:FusedGemm"})
  void product_namesItsOperands_whenTheirTypesDoNotGoTogether(String operator) {
    for (DType other : new DType[] {DType.INT64, DType.INT32, DType.UINT8}) {
      isRefused(
          operands(tensor(DType.FLOAT, 2, 3), tensor(other, 3, 2)),
          "y = " + operator + " x0 x1",
          new Object[0],
          "input 0 'x0' float[2, 3], input 1 'x1' " + other + "[3, 2]",
          "Cast");
    }
  }

  @ParameterizedTest
  @CsvSource({"Conv", "ConvTranspose"})
  void convolution_namesItsOperands_whenTheirTypesDoNotGoTogether(String operator) {
    for (DType other : new DType[] {DType.INT64, DType.INT32}) {
      isRefused(
          operands(tensor(DType.FLOAT, 1, 3, 4, 4), tensor(other, 3, 3, 3, 3)),
          "y = " + operator + " x0 x1",
          new Object[0],
          "input 0 'x0'",
          "float",
          "input 1 'x1",
          other.toString(),
          "Cast");
    }
  }

  @Test
  void product_takesABiasOfAnotherType_whereItIsAdded() {
    Model model =
        Graphs.opset(17)
            .input("a", ValueType.tensor(DType.FLOAT, Shape.of(2, 3)))
            .constant("b", tensor(DType.FLOAT, 3, 2))
            .constant("c", Tensor.ofLongs(Shape.of(2), 10, 20))
            .node("y = Gemm a b c")
            .output("y")
            .model();
    for (boolean optimised : new boolean[] {false, true}) {
      SessionOptions options = SessionOptions.DEFAULT.withOptimised(optimised);
      try (Session session = Session.create(model, options)) {
        Tensor y = (Tensor) session.run(Map.of("a", tensor(DType.FLOAT, 2, 3))).get("y");
        assertThat(y.getFloat(0)).isEqualTo(10 + 1 * 2 + 2 * 1);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"8589934592", "9223372036854775807"})
  void blockProduct_namesItsColumns_whenTheyAreTooMany(long n) {
    isRefused(
        operands(tensor(DType.FLOAT, 2, 16), tensor(DType.UINT8, 2, 1, 8), tensor(DType.FLOAT, 2)),
        "y = com.microsoft:MatMulNBits x0 x1 x2",
        new Object[] {"N", n, "K", 16, "bits", 4, "block_size", 16},
        "attribute 'N'",
        String.valueOf(n));
  }

  @Test
  void window_namesItsPads_whenTheyAreTooLarge() {
    for (String operator : new String[] {"Conv", "MaxPool"}) {
      Map<String, Tensor> operands = operands(tensor(DType.FLOAT, 1, 3, 4, 4));
      if (operator.equals("Conv")) {
        operands.put("x1", tensor(DType.FLOAT, 2, 3, 3, 3));
      }
      isRefused(
          operands,
          operator.equals("Conv") ? "y = Conv x0 x1" : "y = MaxPool x0",
          new Object[] {
            "pads", new long[] {Long.MAX_VALUE, 0, 0, 0}, "kernel_shape", new long[] {3, 3}
          },
          "attribute 'pads' with " + Long.MAX_VALUE,
          "too large");
    }
  }

  @Test
  void operator_namesTheOperandThatHoldsASize_whenItIsTooLarge() {
    isRefused(
        operands(tensor(DType.FLOAT, 1, 1, 2, 2), Tensor.ofLongs(Shape.of(4), 1, 1, MOST, 2)),
        "y = Resize x0 _ _ x1",
        new Object[] {"mode", "nearest"},
        String.valueOf(MOST));
  }
}
