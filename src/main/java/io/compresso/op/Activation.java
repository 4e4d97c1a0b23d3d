package io.compresso.op;

import io.compresso.graph.Attribute;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The activation functions that recurrent operators name. */
@FunctionalInterface
interface Activation {
  double apply(double x);

  /** The activations of direction {@code index}, as the node names them. */
  static Activation[] of(OpContext context, List<String> defaults, int index, int directions) {
    List<String> names = names(context);
    if (names.isEmpty()) {
      names = new ArrayList<>();
      for (int d = 0; d < directions; d++) {
        names.addAll(defaults);
      }
    }
    if (names.size() != defaults.size() * directions) {
      throw context.error(
          "%d activations, not %d".formatted(names.size(), defaults.size() * directions));
    }
    List<Float> alphas = floats(context, "activation_alpha");
    List<Float> betas = floats(context, "activation_beta");
    Activation[] result = new Activation[defaults.size()];
    int alphaAt = 0;
    int betaAt = 0;
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i).toLowerCase(Locale.ROOT);
      float alpha = defaultAlpha(name);
      float beta = defaultBeta(name);
      if (!Float.isNaN(alpha) && alphaAt < alphas.size()) {
        alpha = alphas.get(alphaAt++);
      }
      if (!Float.isNaN(beta) && betaAt < betas.size()) {
        beta = betas.get(betaAt++);
      }
      if (i / defaults.size() == index) {
        result[i % defaults.size()] = of(context, name, alpha, beta);
      }
    }
    return result;
  }

  private static List<String> names(OpContext context) {
    return context.node().attributes().get("activations") instanceof Attribute.Strings(var values)
        ? values.stream().map(value -> new String(value, StandardCharsets.UTF_8)).toList()
        : List.of();
  }

  private static List<Float> floats(OpContext context, String name) {
    return context.node().attributes().get(name) instanceof Attribute.Floats(var values)
        ? values
        : List.of();
  }

  /** NaN for a function that takes none. */
  private static float defaultAlpha(String name) {
    return switch (name) {
      case "affine", "scaledtanh", "elu", "thresholdedrelu" -> 1;
      case "leakyrelu" -> 0.01f;
      case "hardsigmoid" -> 0.2f;
      default -> Float.NaN;
    };
  }

  /** NaN for a function that takes none. */
  private static float defaultBeta(String name) {
    return switch (name) {
      case "affine" -> 0;
      case "scaledtanh" -> 1;
      case "hardsigmoid" -> 0.5f;
      default -> Float.NaN;
    };
  }

  private static Activation of(OpContext context, String name, double alpha, double beta) {
    return switch (name) {
      case "sigmoid" -> x -> 1 / (1 + Math.exp(-x));
      case "tanh" -> Math::tanh;
      case "relu" -> x -> Math.max(0, x);
      case "affine" -> x -> alpha * x + beta;
      case "leakyrelu" -> x -> x >= 0 ? x : alpha * x;
      case "thresholdedrelu" -> x -> x > alpha ? x : 0;
      case "scaledtanh" -> x -> alpha * Math.tanh(beta * x);
      case "hardsigmoid" -> x -> Math.max(0, Math.min(1, alpha * x + beta));
      case "elu" -> x -> x >= 0 ? x : alpha * Math.expm1(x);
      case "softsign" -> x -> x / (1 + Math.abs(x));
      case "softplus" -> x -> Math.log1p(Math.exp(x));
      default -> throw context.error("activation '" + name + "' is not known");
    };
  }
}
