package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What operators share that reduce each channel of {@code [N, C, spatial...]} to one element. */
abstract class GlobalPooling implements Operator {
  /** The element for {@code x[from..to)}. */
  abstract double reduce(OpContext context, double[] x, int from, int to);

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = context.dtype(0);
      List<Dim> x = context.dims(0);
      if (dtype == null) {
        return List.of(Inferred.UNKNOWN);
      }
      List<Dim> dims = x == null ? null : new ArrayList<>(x);
      for (int axis = 2; dims != null && axis < dims.size(); axis++) {
        dims.set(axis, Dim.of(1));
      }
      return List.of(Inferred.tensor(dtype, dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      if (x.shape().rank() < 2) {
        throw context.error("input " + x.shape() + " has no batch and channels");
      }
      return List.of(pool(context, x));
    });
  }

  private Tensor pool(OpContext context, Tensor input) {
    double[] x = Reals.doubles(input);
    Shape shape = input.shape();
    int channels = Math.toIntExact(shape.size(0, 2));
    int plane = Math.toIntExact(shape.size(2, shape.rank()));
    double[] y = new double[channels];
    for (int channel = 0; channel < channels; channel++) {
      y[channel] = reduce(context, x, channel * plane, (channel + 1) * plane);
    }
    long[] dims = shape.dims();
    java.util.Arrays.fill(dims, 2, dims.length, 1);
    return Reals.tensor(context, input.dtype(), Shape.of(dims), y);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }
}
