package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** A window of a given length, periodic or symmetric. */
abstract class WindowFunction extends StandardOperator {
  WindowFunction(String opType, int... versions) {
    super(opType, versions);
  }

  /** The window at a phase from 0 to {@code 2 pi}. */
  abstract double at(double phase);

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      long[] size = Dims.longs(context, 0);
      Dim length = size == null || size.length != 1 ? Dim.UNKNOWN : Dim.of(size[0]);
      return List.of(
          Inferred.tensor(
              ElementTypes.of(context.node(), "output_datatype", DType.FLOAT), List.of(length)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      long size = context.tensor(0).getLong(0);
      boolean periodic = context.node().intAttribute("periodic", 1) != 0;
      Tensor y =
          context.allocate(
              ElementTypes.of(context.node(), "output_datatype", DType.FLOAT),
              Axes.shape(context, size));
      double period = periodic ? size : size - 1;
      for (long i = 0; i < size; i++) {
        y.setDouble(i, size == 1 ? 1 : at(2 * Math.PI * i / period));
      }
      return List.of(y);
    });
  }
}
