package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.kernel.Workers;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Slices by index of data of 4 or 8 bits that are quantized in blocks, dequantized. */
final class GatherBlockQuantized extends MicrosoftOperator {
  private static final int LEAST_BLOCK = 16;
  private static final int DEFAULT_BLOCK = 128;

  @Override
  public String opType() {
    return "GatherBlockQuantized";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> data = context.dims(0);
      List<Dim> indices = context.dims(1);
      List<Dim> dims = null;
      if (data != null && indices != null && context.dtype(0) != null) {
        Node node = context.node();
        int axis = Dims.axis(context, node.intAttribute("gather_axis", 0), data.size());
        dims = new ArrayList<>(data);
        if (perByte(node, context.dtype(0)) == 2) {
          Long bytes = data.getLast().sizeOrNull();
          dims.set(data.size() - 1, bytes == null ? Dim.UNKNOWN : Dim.of(2 * bytes));
        }
        dims.remove(axis);
        dims.addAll(axis, indices);
      }
      return List.of(Dims.tensor(context.dtype(2), dims));
    };
  }

  /** Elements of a byte as ONNX's types have them: those of 4 bits in UINT8 are hidden from it. */
  private static int perByte(Node node, @Nullable DType type) {
    return type == DType.UINT8 && node.intAttribute("bits", 4) == 4 ? 2 : 1;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor data = context.tensor(0);
      Tensor indices = context.tensor(1);
      BlockTable table = table(context.node(), data, context.tensor(2), context.tensorOrNull(3));
      int axis = axis(context.node(), "gather_axis", 0, table.shape().rank());
      Gathering gathering = Gathering.of(table.shape(), axis, indices.size());
      Tensor y = context.allocate(DType.FLOAT, result(table.shape(), axis, indices.shape()));
      for (int i = 0; i < indices.size(); i++) {
        gathering.take(table, i, indices.getLong(i), y.segment());
      }
      return List.of(Reals.as(context, context.tensor(2).dtype(), y));
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Tensor data = context.constant(0);
    Tensor scales = context.constant(2);
    TensorSpec indices = context.input(1);
    if (data == null || scales == null || scales.dtype() != DType.FLOAT || !context.isFixed(3)) {
      return null;
    }
    BlockTable table = table(context.node(), data, scales, context.constant(3));
    int axis = axis(context.node(), "gather_axis", 0, table.shape().rank());
    Gathering gathering = Gathering.of(table.shape(), axis, indices.shape().size());
    int threads = context.threads();
    return Lowered.of(buffers ->
        new Call(table, gathering, indices.dtype(), buffers.input(1), buffers.output(0), threads));
  }

  private static Shape result(Shape shape, int axis, Shape indices) {
    List<Long> dims = new ArrayList<>();
    for (int i = 0; i < shape.rank(); i++) {
      if (i != axis) {
        dims.add(shape.dim(i));
        continue;
      }
      for (int j = 0; j < indices.rank(); j++) {
        dims.add(indices.dim(j));
      }
    }
    return Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
  }

  private static int axis(Node node, String attribute, int otherwise, int rank) {
    long axis = node.intAttribute(attribute, otherwise);
    if (axis < -rank || axis >= rank) {
      throw new IllegalArgumentException(
          "%s %d of data with %d axes".formatted(attribute, axis, rank));
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }

  private static BlockTable table(
      Node node, Tensor data, Tensor scales, @Nullable Tensor zeroPoints) {
    DType type = data.dtype();
    long bits = node.intAttribute("bits", 4);
    long block = node.intAttribute("block_size", DEFAULT_BLOCK);
    int rank = data.shape().rank();
    if (type != DType.UINT8 && type != DType.INT4 && type != DType.UINT4
        || bits != 4 && (bits != 8 || type != DType.UINT8)) {
      throw new IllegalArgumentException("data of type %s with %d bits".formatted(type, bits));
    }
    if (block < LEAST_BLOCK || Long.bitCount(block) != 1) {
      throw new IllegalArgumentException("blocks of " + block);
    }
    if (rank < 1 || zeroPoints != null && zeroPoints.dtype() != type) {
      throw new IllegalArgumentException("data %s with zero points %s".formatted(data, zeroPoints));
    }
    int perByte = perByte(node, type);
    Shape shape = data.shape().with(rank - 1, data.shape().dim(rank - 1) * perByte);
    int axis = axis(node, "quantize_axis", 1, rank);
    if (type == DType.UINT8 && (axis != rank - 1 || axis(node, "gather_axis", 0, rank) != 0)) {
      throw new IllegalArgumentException(
          "data of type uint8 are looked up along the first axis and quantized along the last");
    }
    String obstacle =
        BlockTable.obstacle(
            shape,
            scales.shape(),
            zeroPoints == null ? null : zeroPoints.shape(),
            perByte,
            axis,
            block);
    if (!obstacle.isEmpty()) {
      throw new IllegalArgumentException(obstacle);
    }
    int zeroPoint = type == DType.UINT8 ? 1 << (bits - 1) : 0;
    return new BlockTable(data, scales, zeroPoints, zeroPoint, (int) bits, shape, axis, block);
  }

  /**
   * Which elements an index names.
   *
   * @param outer how many slices an index names
   * @param size of the axis of the index
   * @param inner elements of a slice
   * @param count how many indices
   */
  private record Gathering(long outer, long size, long inner, long count) {
    static Gathering of(Shape shape, int axis, long count) {
      return new Gathering(
          shape.size(0, axis), shape.dim(axis), shape.size(axis + 1, shape.rank()), count);
    }

    void take(BlockTable table, long at, long index, MemorySegment target) {
      if (index < -size || index >= size) {
        throw new IllegalArgumentException(
            "index %d at %d is outside an axis of %d".formatted(index, at, size));
      }
      long from = index < 0 ? index + size : index;
      for (long o = 0; o < outer; o++) {
        table.dequantize(
            (o * size + from) * inner, inner, target, Float.BYTES * (o * count + at) * inner);
      }
    }
  }

  /** Looks up all indices; threads share them. */
  private static final class Call implements Lowered.Call {
    private static final long LEAST_ELEMENTS = 1 << 14;

    private final BlockTable table;
    private final Gathering gathering;
    private final boolean wide;
    private final MemorySegment indices;
    private final MemorySegment target;
    private final int threads;
    private final long each;
    private final int chunks;
    private final Workers.ChunkTask task = this::take;

    Call(
        BlockTable table,
        Gathering gathering,
        DType indexType,
        MemorySegment indices,
        MemorySegment target,
        int threads) {
      this.table = table;
      this.gathering = gathering;
      this.wide = indexType == DType.INT64;
      this.indices = indices;
      this.target = target;
      this.threads = threads;
      long elements = Math.max(1, gathering.outer() * gathering.inner());
      this.each = Math.max(1, Math.ceilDiv(LEAST_ELEMENTS, elements));
      this.chunks = Math.toIntExact(Math.ceilDiv(gathering.count(), each));
    }

    @Override
    public void run() {
      Workers.shared().run(chunks, threads, task);
    }

    private void take(int chunk) {
      long end = Math.min(gathering.count(), (chunk + 1) * each);
      for (long at = chunk * each; at < end; at++) {
        long index =
            wide
                ? indices.get(ValueLayout.JAVA_LONG_UNALIGNED, Long.BYTES * at)
                : indices.get(ValueLayout.JAVA_INT_UNALIGNED, Integer.BYTES * at);
        gathering.take(table, at, index, target);
      }
    }
  }
}
