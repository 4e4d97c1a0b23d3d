package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A new axis on which the index of each element is marked with the on value. */
final class OneHot extends StandardOperator {
  OneHot() {
    super("OneHot", 9, 11, 28);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        return List.of(Dims.tensor(context.dtype(2), null));
      }
      List<Dim> depth = Dims.elements(context, 1);
      List<Dim> result = new ArrayList<>(dims);
      result.add(
          Dims.axis(context, context.node().intAttribute("axis", -1), dims.size() + 1),
          depth == null || depth.size() != 1 ? Dim.UNKNOWN : depth.getFirst());
      return List.of(Dims.tensor(context.dtype(2), result));
    };
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Tensor depths = context.constant(1);
    Tensor values = context.constant(2);
    TensorSpec indices = context.input(0);
    boolean wide = indices.dtype() == DType.INT64;
    int bytes = values == null ? 0 : Lowerings.elementBytes(values.dtype());
    if (depths == null
        || values == null
        || bytes == 0
        || values.size() != 2
        || !wide && indices.dtype() != DType.INT32) {
      return null;
    }
    int rank = indices.shape().rank();
    long axis = context.node().intAttribute("axis", -1);
    long inner = indices.shape().size((int) (axis < 0 ? axis + rank + 1 : axis), rank);
    long depth = (long) depths.getDouble(0);
    long count = indices.shape().size();
    MemorySegment given = Products.memory(values);
    return Lowered.of(buffers -> {
      MemorySegment x = buffers.input(0);
      MemorySegment y = buffers.output(0);
      return () -> {
        clear(given, bytes, y);
        for (long i = 0; i < count; i++) {
          long index =
              wide
                  ? x.get(ValueLayout.JAVA_LONG_UNALIGNED, 8 * i)
                  : x.get(ValueLayout.JAVA_INT_UNALIGNED, 4 * i);
          if (index >= -depth && index < depth) {
            long at = index < 0 ? index + depth : index;
            long to = (i / inner * depth + at) * inner + i % inner;
            MemorySegment.copy(given, bytes, y, to * bytes, bytes);
          }
        }
      };
    });
  }

  /** Fills with the off value, by doubling what is filled. */
  private static void clear(MemorySegment values, int bytes, MemorySegment y) {
    long size = y.byteSize();
    if (size > 0) {
      MemorySegment.copy(values, 0, y, 0, bytes);
    }
    for (long done = bytes; done < size; done += Math.min(done, size - done)) {
      MemorySegment.copy(y, 0, y, done, Math.min(done, size - done));
    }
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor indices = context.tensor(0);
      long depth = (long) context.tensor(1).getDouble(0);
      Tensor values = context.tensor(2);
      int rank = indices.shape().rank();
      int axis = Axes.normalize(context, context.node().intAttribute("axis", -1), rank + 1);
      if (values.size() != 2) {
        throw context.error("values " + values + " are not [off, on]");
      }
      List<Long> dims = new ArrayList<>();
      for (long dim : indices.shape().dims()) {
        dims.add(dim);
      }
      dims.add(axis, depth);
      Tensor y =
          context.allocate(
              values.dtype(),
              Axes.shape(context, dims.stream().mapToLong(Long::longValue).toArray()));
      StridedCopy.fill(values, 0, y, 0, y.size());
      long inner = indices.shape().size(axis, rank);
      for (long i = 0; i < indices.size(); i++) {
        long index = (long) indices.getDouble(i);
        if (index >= -depth && index < depth) {
          long at = index < 0 ? index + depth : index;
          StridedCopy.element(values, 1, y, (i / inner * depth + at) * inner + i % inner);
        }
      }
      return List.of(y);
    });
  }
}
