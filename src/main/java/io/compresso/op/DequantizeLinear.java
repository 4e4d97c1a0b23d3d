package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code (x - zero point) * scale}. */
final class DequantizeLinear implements Operator {
  @Override
  public String opType() {
    return "DequantizeLinear";
  }

  @Override
  public List<Integer> versions() {
    return List.of(10, 13, 19, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(infer(context));
  }

  static Inferred infer(ShapeContext context) {
    long attribute = context.node().intAttribute("output_dtype", 0);
    DType dtype = attribute != 0 ? DType.ofCode((int) attribute) : context.dtype(1);
    return Dims.tensor(dtype, context.dims(0));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    return Lowerings.convert(context);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    Tensor scale = context.tensor(1);
    Tensor zeroPoint = context.tensorOrNull(2);
    if (zeroPoint != null && zeroPoint.size() != scale.size()) {
      throw context.error("scale " + scale.shape() + " with zero point " + zeroPoint.shape());
    }
    long attribute = context.node().intAttribute("output_dtype", 0);
    DType type = attribute != 0 ? DType.ofCode((int) attribute) : scale.dtype();
    ScaleLayout layout = ScaleLayout.of(context, x.shape(), scale.shape());
    float[] scales = scale.toFloats();
    float[] y = new float[Math.toIntExact(x.size())];
    if (x.dtype().isFloat()) {
      for (int i = 0; i < y.length; i++) {
        y[i] = x.getFloat(i) * scales[layout.index(i)];
      }
    } else {
      long[] zeroPoints = zeroPoint == null ? new long[scales.length] : zeroPoint.toLongs();
      for (int i = 0; i < y.length; i++) {
        int at = layout.index(i);
        y[i] = (x.getLong(i) - zeroPoints[at]) * scales[at];
      }
    }
    return Reals.tensor(context, type, x.shape(), y);
  }
}
