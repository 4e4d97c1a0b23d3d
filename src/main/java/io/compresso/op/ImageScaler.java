package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * {@code scale * x + bias} of images {@code [N, C, H, W]}, with a bias for each channel;
 * experimental in ONNX, kept by ONNX Runtime up to operator set 9 for early exports of Core ML.
 */
final class ImageScaler extends StandardOperator {
  ImageScaler() {
    super("ImageScaler", 1);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims != null && dims.size() != 4) {
        throw context.error("input of rank " + dims.size() + " is no [N, C, H, W]");
      }
      return List.of(Inferred.of(context.input(0).type()));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      double[] bias = MlAttributes.reals(context.node(), "bias");
      if (x.shape().rank() != 4 || x.shape().dim(1) != bias.length) {
        throw context.error(
            "input %s with a bias for each of %d channels".formatted(x.shape(), bias.length));
      }
      float scale = context.node().floatAttribute("scale", 1);
      double[] values = Reals.doubles(x);
      long plane = x.shape().size(2, 4);
      for (int i = 0; i < values.length; i++) {
        values[i] = scale * values[i] + bias[(int) (i / plane % bias.length)];
      }
      return List.of(Reals.tensor(context, x.dtype(), x.shape(), values));
    });
  }
}
