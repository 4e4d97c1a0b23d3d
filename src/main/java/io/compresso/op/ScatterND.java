package io.compresso.op;

import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A copy of the data with slices put, or combined, where index tuples say. */
final class ScatterND extends StandardOperator {
  ScatterND() {
    super("ScatterND", 11, 13, 16, 18);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    TensorSpec updates = context.input(2);
    Tensor indices = context.constant(1);
    int bytes = Lowerings.elementBytes(x.dtype());
    if (indices == null
        || bytes == 0
        || updates.dtype() != x.dtype()
        || !context.node().stringAttribute("reduction", "none").equals("none")) {
      return null;
    }
    int tuple = Math.toIntExact(indices.shape().dim(-1));
    long slice = x.shape().size(tuple, x.shape().rank());
    long[] targets = targets(indices, tuple, x.shape());
    if (targets == null || updates.shape().size() != targets.length * slice) {
      return null;
    }
    boolean distinct = Arrays.stream(targets).distinct().count() == targets.length;
    boolean covers = distinct && targets.length * slice == x.shape().size();
    List<CopyProblem.Axis> axes = distinct ? axes(targets, slice) : null;
    if (axes == null || targets.length == 0) {
      return Lowered.of(buffers -> each(buffers, targets, slice, bytes)).withInPlace(0);
    }
    CopyProblem problem = CopyProblem.of(bytes, axes);
    PreparedKernel kernel = Lowerings.copy(context, 0, problem);
    int threads = context.threads();
    Lowered lowered =
        Lowered.of(buffers -> {
          MemorySegment from = buffers.input(0);
          MemorySegment to = buffers.output(0);
          boolean copied = covers || from.address() == to.address();
          Operands operands =
              Operands.of(buffers.input(2), to.asSlice(targets[0] * bytes, problem.outputBytes()));
          Runnable scatter = kernel.bind(operands, threads);
          return () -> {
            if (!copied) {
              MemorySegment.copy(from, 0, to, 0, to.byteSize());
            }
            scatter.run();
          };
        });
    return covers ? lowered : lowered.withInPlace(0);
  }

  /** The elements at which the slices go; null if one is outside. */
  private static long @Nullable [] targets(Tensor indices, int tuple, Shape shape) {
    long[] strides = shape.strides();
    long[] targets = new long[Math.toIntExact(indices.shape().size(0, indices.shape().rank() - 1))];
    for (int i = 0; i < targets.length; i++) {
      for (int axis = 0; axis < tuple; axis++) {
        long index = indices.getLong((long) i * tuple + axis);
        index += index < 0 ? shape.dim(axis) : 0;
        if (index < 0 || index >= shape.dim(axis)) {
          return null;
        }
        targets[i] += index * strides[axis];
      }
    }
    return targets;
  }

  /** The copy of slices to these targets as one along axes; null if they are not spread so. */
  private static @Nullable List<CopyProblem.Axis> axes(long[] targets, long slice) {
    List<CopyProblem.Axis> axes = new ArrayList<>(List.of(new CopyProblem.Axis(slice, 1, 1)));
    long[] rest = targets;
    long from = slice;
    while (rest.length > 1) {
      long stride = rest[1] - rest[0];
      int run = 1;
      while (run < rest.length && rest[run] - rest[run - 1] == stride) {
        run++;
      }
      if (stride <= 0 || rest.length % run != 0) {
        return null;
      }
      long[] heads = new long[rest.length / run];
      for (int i = 0; i < rest.length; i++) {
        if (rest[i] != rest[i - i % run] + i % run * stride) {
          return null;
        }
        heads[i / run] = rest[i - i % run];
      }
      axes.addFirst(new CopyProblem.Axis(run, from, stride));
      from *= run;
      rest = heads;
    }
    return axes;
  }

  /** Copies one slice after the other. */
  private static Lowered.Call each(
      Lowered.Buffers buffers, long[] targets, long slice, int elementBytes) {
    MemorySegment from = buffers.input(0);
    MemorySegment updates = buffers.input(2);
    MemorySegment to = buffers.output(0);
    boolean copied = from.address() == to.address();
    long bytes = slice * elementBytes;
    return () -> {
      if (!copied) {
        MemorySegment.copy(from, 0, to, 0, to.byteSize());
      }
      for (int i = 0; i < targets.length; i++) {
        MemorySegment.copy(updates, i * bytes, to, targets[i] * elementBytes, bytes);
      }
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor y = context.tensor(0).copy();
      Tensor indices = context.tensor(1);
      Tensor updates = context.tensor(2);
      if (updates.dtype() != y.dtype()) {
        throw context.error("updates " + updates + " are not of the type of " + y);
      }
      int rank = indices.shape().rank();
      int tuple = rank == 0 ? 0 : Math.toIntExact(indices.shape().dim(-1));
      if (rank == 0 || tuple > y.shape().rank()) {
        throw context.error("indices " + indices + " do not index " + y);
      }
      long slice = y.shape().size(tuple, y.shape().rank());
      long count = indices.shape().size(0, rank - 1);
      if (updates.size() != count * slice) {
        throw context.error("updates " + updates + " do not fit indices " + indices);
      }
      String reduction = context.node().stringAttribute("reduction", "none");
      for (long i = 0; i < count; i++) {
        long to = GatherND.offset(context, y.shape(), indices, i, 0, tuple);
        if (reduction.equals("none")) {
          StridedCopy.run(updates, i * slice, y, to, slice);
        } else {
          for (long j = 0; j < slice; j++) {
            Elements.combine(context, reduction, updates, i * slice + j, y, to + j);
          }
        }
      }
      return List.of(y);
    });
  }
}
