package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorMap;
import io.compresso.tensor.TensorSequence;
import io.compresso.tensor.Value;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    Collection<Integer> kept = lastOfEach(keys);
    Tensor labels = kept.size() == keys.size() ? keys : gather(context, keys, 0, kept);
    List<Value> maps = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      maps.add(new TensorMap(labels, gather(context, x, row * keys.size(), kept)));
    }
    return new TensorSequence(x.dtype(), maps);
  }

  /** Where each label stands last: its score is that of the map, as in ONNX Runtime. */
  private static Collection<Integer> lastOfEach(Tensor keys) {
    Map<Object, Integer> last = new LinkedHashMap<>();
    for (int i = 0; i < keys.size(); i++) {
      Object key =
          keys.dtype() == DType.STRING
              ? new String(keys.getString(i), StandardCharsets.ISO_8859_1)
              : (Object) keys.getLong(i);
      last.put(key, i);
    }
    return last.values();
  }

  private static Tensor gather(OpContext context, Tensor x, long from, Collection<Integer> which) {
    Tensor y = context.allocate(x.dtype(), Shape.of(which.size()));
    long to = 0;
    for (int i : which) {
      StridedCopy.element(x, from + i, y, to++);
    }
    return y;
  }
}
