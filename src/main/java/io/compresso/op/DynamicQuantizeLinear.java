package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Quantization to {@code uint8} by the data's own range, which always holds 0. */
final class DynamicQuantizeLinear implements Operator {
  @Override
  public String opType() {
    return "DynamicQuantizeLinear";
  }

  @Override
  public List<Integer> versions() {
    return List.of(11);
  }

  @Override
  public ShapeRule shapeRule() {
    return context ->
        List.of(
            Inferred.tensor(DType.UINT8, context.dims(0)),
            Inferred.tensor(DType.FLOAT, List.of()),
            Inferred.tensor(DType.UINT8, List.of()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Quantized quantized = quantize(context, context.tensor(0));
      Tensor scale = context.allocate(DType.FLOAT, Shape.SCALAR);
      scale.setFloat(0, quantized.scale());
      Tensor zeroPoint = context.allocate(DType.UINT8, Shape.SCALAR);
      zeroPoint.setLong(0, quantized.zeroPoint());
      return List.of(quantized.values(), scale, zeroPoint);
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    if (context.outputOrNull(1) == null || context.outputOrNull(2) == null) {
      return null;
    }
    DynamicQuantizer.Kernels kernels =
        DynamicQuantizer.Kernels.of(context, 0, context.input(0).shape().size());
    int threads = context.threads();
    return Lowered.of(buffers -> {
      DynamicQuantizer quantizer =
          new DynamicQuantizer(kernels, threads, buffers.input(0), buffers.output(0));
      Tensor scale = Tensor.wrap(DType.FLOAT, Shape.SCALAR, buffers.output(1));
      Tensor zeroPoint = Tensor.wrap(DType.UINT8, Shape.SCALAR, buffers.output(2));
      return () -> {
        quantizer.run();
        scale.setFloat(0, quantizer.scale());
        zeroPoint.setLong(0, quantizer.zeroPoint());
      };
    });
  }

  /** A tensor in {@code uint8} and what it stands for. */
  record Quantized(Tensor values, float scale, int zeroPoint) {}

  static Quantized quantize(OpContext context, Tensor x) {
    float[] values = x.toFloats();
    float low = 0;
    float high = 0;
    for (float value : values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    float scale = high == low ? 1 : (high - low) / 255;
    int zeroPoint = (int) Math.rint((double) Math.max(0, Math.min(255, -low / scale)));
    Tensor y = context.allocate(DType.UINT8, x.shape());
    for (int i = 0; i < values.length; i++) {
      double q = Math.rint((double) (values[i] / scale)) + zeroPoint;
      y.setLong(i, (long) Math.max(0, Math.min(255, q)));
    }
    return new Quantized(y, scale, zeroPoint);
  }
}
