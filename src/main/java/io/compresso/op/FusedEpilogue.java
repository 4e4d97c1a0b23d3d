package io.compresso.op;

import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.kernel.Activation;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.Operands;
import io.compresso.kernel.ResidualQuantization;
import io.compresso.kernel.WeightQuantization;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of the engine's own products that say what happens to the sums: {@code activation}
 * (a name of {@link Activation} in lower case), {@code low}, {@code high}; and of the quantized
 * ones {@code y_type}, {@code x_zero_point}, {@code x_scale}, {@code y_zero_point}, {@code
 * residual} (a name of {@link Residual}), {@code residual_scale}, {@code residual_zero_point},
 * {@code sum_scale}, {@code sum_zero_point}. Inputs: the data, the weights, then where there are
 * any bias, residual and, of quantized ones, the factors of the sums and the weights' zero points,
 * then scale and zero point of data that is quantized by each run.
 */
final class FusedEpilogue {
  static final int BIAS = 2;
  static final int RESIDUAL = 3;
  static final int FACTORS = 4;
  static final int ZERO_POINTS = 5;
  static final int DATA_SCALE = 6;
  static final int DATA_ZERO_POINT = 7;

  private FusedEpilogue() {}

  /** The epilogue of a node with the given attributes and inputs. */
  static Epilogue of(Node node) {
    return Epilogue.NONE
        .withBias(node.input(BIAS) != null)
        .withActivation(activation(node))
        .withResidual(residual(node))
        .withClip(
            node.floatAttribute("low", Float.NEGATIVE_INFINITY),
            node.floatAttribute("high", Float.POSITIVE_INFINITY));
  }

  private static Activation activation(Node node) {
    return enumValue(node, "activation", Activation.class, Activation.NONE);
  }

  private static Residual residual(Node node) {
    return node.input(RESIDUAL) == null
        ? Residual.NONE
        : enumValue(node, "residual", Residual.class, Residual.ADDED);
  }

  private static <E extends Enum<E>> E enumValue(
      Node node, String attribute, Class<E> type, E otherwise) {
    String name = node.stringAttribute(attribute, "");
    if (name.isEmpty()) {
      return otherwise;
    }
    try {
      return Enum.valueOf(type, name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new GraphException(node, "attribute '" + attribute + "' is '" + name + "'", e);
    }
  }

  /** Whether all that a kernel may keep of a node is constant. */
  static boolean isConstant(OpContext context) {
    return context.isConstant(1) && Quantization.allConstant(context, BIAS, FACTORS, ZERO_POINTS);
  }

  /** The operands with the quantization of the data, of the node or of the run. */
  static Operands quantized(OpContext context, Operands operands) {
    Node node = context.node();
    return operands.withInputQuantization(
        node.input(DATA_ZERO_POINT) == null
            ? (int) node.intAttribute("x_zero_point", 0)
            : Quantization.zeroPoint(context, DATA_ZERO_POINT),
        node.input(DATA_SCALE) == null
            ? node.floatAttribute("x_scale", 1)
            : Quantization.scale(context, DATA_SCALE));
  }

  /** The element type of a quantized product's result. */
  static DType outputType(Node node) {
    return DType.ofCode((int) node.intAttribute("y_type", DType.FLOAT.code()));
  }

  /** The constants of a quantized product of so many output channels. */
  static WeightQuantization quantization(OpContext context, int channels) {
    return new WeightQuantization(
        Quantization.zeroPoints(context, ZERO_POINTS, channels),
        Quantization.scales(context, FACTORS, channels),
        (int) context.node().intAttribute("y_zero_point", 0));
  }

  /** The constants of a quantized product's residual. */
  static ResidualQuantization residualQuantization(Node node) {
    return new ResidualQuantization(
        node.floatAttribute("sum_scale", 1),
        (int) node.intAttribute("sum_zero_point", 0),
        node.floatAttribute("residual_scale", 1),
        (int) node.intAttribute("residual_zero_point", 0));
  }

  /** Checks that a residual, if there is one, is of the result's shape and type. */
  static void requireLike(OpContext context, @Nullable Tensor residual, Tensor result) {
    if (residual != null
        && !(residual.shape().equals(result.shape()) && residual.dtype() == result.dtype())) {
      throw context.error("residual " + residual + " for result " + result);
    }
  }
}
