package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * {@link QLinearConv} in ONNX Runtime's own set, which its optimiser writes; with {@code
 * channels_last} for data and result {@code [N, spatial..., C]}, with filters as ever.
 */
final class MicrosoftQLinearConv extends MicrosoftOperator {
  @Override
  public String opType() {
    return "QLinearConv";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      DType dtype = context.dtype(7);
      List<Dim> x = context.dims(0);
      if (!ChannelsLast.of(context.node()) || x == null || x.size() < 3) {
        return List.of(Convolution.infer(context, x, 3, dtype));
      }
      Inferred first = Convolution.infer(context, ChannelsLast.toFirst(x), 3, dtype);
      return List.of(
          first.type() instanceof ValueType.TensorType(DType _, List<Dim> dims) && dims != null
              ? Dims.tensor(dtype, ChannelsLast.toLast(dims))
              : first);
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor x = context.tensor(0);
    int rank = x.shape().rank();
    if (!ChannelsLast.of(context.node())) {
      return QLinearConv.run(context, x);
    }
    if (rank < 3) {
      throw context.error("input " + x.shape() + " has no spatial axes");
    }
    int[] first =
        IntStream.range(0, rank).map(i -> i == 1 ? rank - 1 : i - (i > 1 ? 1 : 0)).toArray();
    int[] last =
        IntStream.range(0, rank).map(i -> i == 0 ? 0 : i == rank - 1 ? 1 : i + 1).toArray();
    Tensor y = QLinearConv.run(context, Transpose.permute(context, x, first));
    return Transpose.permute(context, y, last);
  }
}
