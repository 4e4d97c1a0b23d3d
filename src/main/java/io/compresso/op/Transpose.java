package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.CopyProblem;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Permutes the axes; reverses them when no permutation is given. */
final class Transpose extends StandardOperator {
  Transpose() {
    super("Transpose", 1, 13, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        long[] perm = context.node().intsAttribute("perm");
        return List.of(
            Dims.tensor(context.dtype(0), perm == null ? null : Dims.unknown(perm.length)));
      }
      long[] perm = context.node().intsAttribute("perm", reversed(dims.size()));
      if (!isPermutation(perm, dims.size())) {
        throw context.error("attribute 'perm' is no permutation of " + dims.size() + " axes");
      }
      List<Dim> result = new ArrayList<>();
      for (long axis : perm) {
        result.add(dims.get((int) axis));
      }
      return List.of(Dims.tensor(context.dtype(0), result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      int rank = x.shape().rank();
      long[] perm = context.node().intsAttribute("perm", reversed(rank));
      if (!isPermutation(perm, rank)) {
        throw context.error("attribute 'perm' is no permutation of " + rank + " axes");
      }
      int[] order = new int[rank];
      for (int i = 0; i < rank; i++) {
        order[i] = (int) perm[i];
      }
      return List.of(permute(context, x, order));
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    int bytes = Lowerings.elementBytes(x.dtype());
    int rank = x.shape().rank();
    long[] perm = context.node().intsAttribute("perm", reversed(rank));
    int[] order = new int[rank];
    int last = -1;
    boolean moved = false;
    for (int i = 0; i < rank; i++) {
      order[i] = Math.toIntExact(perm[i]);
      if (x.shape().dim(order[i]) != 1) {
        moved |= order[i] < last;
        last = order[i];
      }
    }
    if (!moved) {
      return Lowered.view();
    }
    return bytes == 0
        ? null
        : Lowerings.copy(context, CopyProblem.transpose(bytes, x.shape(), order), 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }

  private static long[] reversed(int rank) {
    long[] perm = new long[rank];
    for (int i = 0; i < rank; i++) {
      perm[i] = rank - 1 - i;
    }
    return perm;
  }

  private static boolean isPermutation(long[] perm, int rank) {
    boolean[] seen = new boolean[rank];
    for (long axis : perm) {
      if (axis < 0 || axis >= rank || seen[(int) axis]) {
        return false;
      }
      seen[(int) axis] = true;
    }
    return perm.length == rank;
  }

  /** {@code x} with axis {@code i} of the result being axis {@code order[i]} of {@code x}. */
  static Tensor permute(OpContext context, Tensor x, int... order) {
    long[] strides = x.shape().strides();
    long[] dims = new long[order.length];
    long[] steps = new long[order.length];
    int last = -1;
    boolean moved = false;
    for (int i = 0; i < order.length; i++) {
      dims[i] = x.shape().dim(order[i]);
      steps[i] = strides[order[i]];
      if (dims[i] != 1) {
        moved |= order[i] < last;
        last = order[i];
      }
    }
    if (!moved) {
      return x.reshape(Axes.shape(context, dims));
    }
    Tensor y = context.allocate(x.dtype(), Axes.shape(context, dims));
    StridedCopy.box(x, 0, steps, y, 0, y.shape().strides(), dims);
    return y;
  }
}
