package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.SmallFloats;
import io.compresso.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code saturate(round(x / scale) + zero point)}, halves to even. */
final class QuantizeLinear implements Operator {
  @Override
  public String opType() {
    return "QuantizeLinear";
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
    DType dtype = outputType(context.dtype(2), context.node().intAttribute("output_dtype", 0));
    boolean hidden = context.node().input(2) != null && context.dtype(2) == null;
    return Dims.tensor(hidden ? null : dtype, context.dims(0));
  }

  private static DType outputType(@Nullable DType zeroPoint, long attribute) {
    return zeroPoint != null
        ? zeroPoint
        : attribute != 0 ? DType.ofCode((int) attribute) : DType.UINT8;
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
    DType type =
        outputType(
            zeroPoint == null ? null : zeroPoint.dtype(),
            context.node().intAttribute("output_dtype", 0));
    ScaleLayout layout = ScaleLayout.of(context, x.shape(), scale.shape());
    float[] scales = scale.toFloats();
    Tensor y = context.allocate(type, x.shape());
    if (type.isFloat()) {
      boolean saturate = context.node().intAttribute("saturate", 1) != 0;
      for (long i = 0; i < x.size(); i++) {
        store(y, i, x.getFloat(i) / scales[layout.index(i)], saturate);
      }
      return y;
    }
    double low = type.minValue();
    double high = type.maxValue();
    long[] zeroPoints = zeroPoint == null ? new long[scales.length] : zeroPoint.toLongs();
    for (long i = 0; i < x.size(); i++) {
      int at = layout.index(i);
      double q = Math.rint((double) (x.getFloat(i) / scales[at])) + zeroPoints[at];
      y.setLong(i, (long) (q < low ? low : q > high ? high : Double.isNaN(q) ? low : q));
    }
    return y;
  }

  private static void store(Tensor y, long index, float value, boolean saturate) {
    if (y.dtype().bits() == 8) {
      y.segment()
          .set(ValueLayout.JAVA_BYTE, index, (byte) SmallFloats.encode(y.dtype(), value, saturate));
    } else {
      y.setFloat(index, value);
    }
  }
}
