package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The discrete Fourier transform along an axis of real or complex numbers, which the last axis
 * holds; {@code onesided} gives, or takes, the half that determines a real signal.
 */
final class DFT extends StandardOperator {
  DFT() {
    super("DFT", 17, 20);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null || dims.size() < 2) {
        return List.of(Dims.tensor(context.dtype(0), null));
      }
      boolean onesided = context.node().intAttribute("onesided", 0) != 0;
      boolean inverse = context.node().intAttribute("inverse", 0) != 0;
      long[] axisInput = Dims.longs(context, 2);
      boolean axisUnknown = context.opset() >= 20 && context.node().input(2) != null;
      if (axisUnknown && axisInput == null) {
        return List.of(Dims.tensor(context.dtype(0), Dims.unknown(dims.size())));
      }
      long given =
          context.opset() < 20
              ? context.node().intAttribute("axis", 1)
              : axisInput == null ? -2 : axisInput[0];
      int axis = Dims.axis(context, given, dims.size());
      List<Dim> result = new ArrayList<>(dims);
      Dim length = dims.get(axis);
      if (context.node().input(1) != null) {
        long[] value = Dims.longs(context, 1);
        length = value == null || value.length != 1 ? Dim.UNKNOWN : Dim.of(value[0]);
      } else if (onesided && inverse) {
        length = Dim.UNKNOWN;
      }
      Long size = length.sizeOrNull();
      result.set(
          axis, !onesided || inverse ? length : size == null ? Dim.UNKNOWN : Dim.of(size / 2 + 1));
      result.set(dims.size() - 1, Dim.of(onesided && inverse ? 1 : 2));
      return List.of(Dims.tensor(context.dtype(0), result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Shape shape = x.shape();
      int rank = shape.rank();
      Tensor axisInput = context.opset() < 20 ? null : context.tensorOrNull(2);
      long given =
          context.opset() < 20
              ? context.node().intAttribute("axis", 1)
              : axisInput == null ? -2 : axisInput.getLong(0);
      int axis = Axes.normalize(context, given, rank);
      long parts = rank == 0 ? 0 : shape.dim(-1);
      if (rank < 2 || axis == rank - 1 || parts != 1 && parts != 2) {
        throw context.error(x + " holds no signals along axis " + given);
      }
      return List.of(transform(context, x, axis, (int) parts));
    });
  }

  private static Tensor transform(OpContext context, Tensor x, int axis, int parts) {
    boolean onesided = context.node().intAttribute("onesided", 0) != 0;
    boolean inverse = context.node().intAttribute("inverse", 0) != 0;
    Shape shape = x.shape();
    Tensor lengthInput = context.tensorOrNull(1);
    long size = shape.dim(axis);
    int length =
        Math.toIntExact(
            lengthInput != null
                ? lengthInput.getLong(0)
                : onesided && inverse ? 2 * (size - 1) : size);
    if (length < 0) {
      throw context.error("transform of length " + length);
    }
    int kept = onesided && !inverse ? length / 2 + 1 : length;
    int outParts = onesided && inverse ? 1 : 2;
    Tensor y = context.allocate(x.dtype(), shape.with(axis, kept).with(-1, outParts));
    long inner = shape.size(axis + 1, shape.rank() - 1);
    for (long i = 0; i < shape.size(0, axis); i++) {
      for (long j = 0; j < inner; j++) {
        double[] re = new double[length];
        double[] im = new double[length];
        for (int k = 0; k < Math.min(length, size); k++) {
          long at = ((i * size + k) * inner + j) * parts;
          re[k] = x.getDouble(at);
          im[k] = parts == 2 ? x.getDouble(at + 1) : 0;
        }
        if (onesided && inverse) {
          for (int k = length / 2 + 1; k < length; k++) {
            re[k] = re[length - k];
            im[k] = -im[length - k];
          }
        }
        Fourier.transform(re, im, inverse);
        double scale = inverse ? 1.0 / length : 1;
        for (int k = 0; k < kept; k++) {
          long at = ((i * kept + k) * inner + j) * outParts;
          y.setDouble(at, re[k] * scale);
          if (outParts == 2) {
            y.setDouble(at + 1, im[k] * scale);
          }
        }
      }
    }
    return y;
  }
}
