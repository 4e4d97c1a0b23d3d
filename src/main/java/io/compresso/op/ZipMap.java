package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorMap;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The scores {@code [N, C]} of each sample under their classes' names: a sequence of maps. */
final class ZipMap extends MlOperator {
  @Override
  public String opType() {
    return "ZipMap";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      MlAttributes.Labels labels = MlAttributes.Labels.of(context.node(), "classlabels_int64s");
      List<Dim> dims = context.dims(0);
      Long columns = dims == null || dims.isEmpty() ? null : dims.getLast().sizeOrNull();
      if (columns != null && columns != labels.size()) {
        throw context.error(columns + " scores for " + labels.size() + " class labels");
      }
      DType scores = context.dtype(0);
      ValueType map =
          new ValueType.MapType(
              labels.dtype(), scores == null ? null : ValueType.tensor(scores, Shape.SCALAR));
      return List.of(Inferred.of(new ValueType.SequenceType(map)));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static TensorSequence run(OpContext context) {
    Tensor x = context.tensor(0);
    int rows = MlAttributes.rows(context, x);
    Tensor keys = MlAttributes.Labels.of(context.node(), "classlabels_int64s").tensor();
    if (x.shape().dim(-1) != keys.size()) {
      throw context.error("scores " + x.shape() + " for " + keys.size() + " class labels");
    }
    long bytes = x.dtype().bytes(keys.size());
    List<Value> maps = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      maps.add(
          new TensorMap(
              keys, Tensor.wrap(x.dtype(), keys.shape(), x.segment().asSlice(row * bytes, bytes))));
    }
    return new TensorSequence(x.dtype(), maps);
  }
}
