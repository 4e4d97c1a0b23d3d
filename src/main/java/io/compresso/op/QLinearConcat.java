package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Quantized tensors, each with scale and zero point, put together in a common quantization. */
final class QLinearConcat extends MicrosoftOperator {
  @Override
  public String opType() {
    return "QLinearConcat";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> first = context.dims(2);
      if (first == null) {
        return List.of(Dims.tensor(context.dtype(1), null));
      }
      int axis = Dims.axis(context, context.node().intAttribute("axis", 0), first.size());
      List<Dim> dims = new ArrayList<>(first);
      for (int i = 5; i < context.node().inputs().size(); i += 3) {
        List<Dim> next = context.dims(i);
        dims.set(
            axis,
            next == null || next.size() != dims.size()
                ? Dim.UNKNOWN
                : Dims.plus(dims.get(axis), next.get(axis)));
      }
      return List.of(Dims.tensor(context.dtype(1), dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Shape first = context.tensor(2).shape();
    int axis = Axes.normalize(context, context.node().intAttribute("axis", 0), first.rank());
    long total = 0;
    for (int i = 2; i + 2 < context.inputCount(); i += 3) {
      Shape next = context.tensor(i).shape();
      if (next.rank() != first.rank() || !next.with(axis, 0).equals(first.with(axis, 0))) {
        throw context.error("shapes " + first + " and " + next + " do not join");
      }
      total += next.dim(axis);
    }
    Shape shape = first.with(axis, total);
    int inner = Math.toIntExact(shape.size(axis + 1, shape.rank()));
    double[] y = new double[Math.toIntExact(shape.size())];
    int offset = 0;
    for (int i = 2; i + 2 < context.inputCount(); i += 3) {
      double[] x = QuantizedFunction.reals(context, i);
      int run = Math.toIntExact(context.tensor(i).shape().dim(axis) * inner);
      for (int at = 0, to = offset; at < x.length; at += run, to += (int) (total * inner)) {
        System.arraycopy(x, at, y, to, run);
      }
      offset += run;
    }
    return QuantizedFunction.quantize(context, y, shape, 1, 0);
  }
}
