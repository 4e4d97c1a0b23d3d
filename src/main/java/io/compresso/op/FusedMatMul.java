package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code alpha} times a product of stacks of matrices, either transposed. With {@code transBatchA}
 * or {@code transBatchB} an operand's first axis is the rows' and those between are the stack's.
 */
class FusedMatMul extends MicrosoftOperator {
  @Override
  public String opType() {
    return "FusedMatMul";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> a = moved(context, 0, "A");
      List<Dim> b = moved(context, 1, "B");
      if (a == null || b == null || a.size() < 2 || b.size() < 2) {
        return List.of(Dims.tensor(context.dtype(0), null));
      }
      List<Dim> stack =
          Dims.broadcast(context, a.subList(0, a.size() - 2), b.subList(0, b.size() - 2));
      List<Dim> dims = new ArrayList<>(stack == null ? List.of() : stack);
      dims.add(a.get(a.size() - 2));
      dims.add(b.getLast());
      return List.of(Dims.tensor(context.dtype(0), dims));
    };
  }

  private static @Nullable List<Dim> moved(ShapeContext context, int input, String operand) {
    List<Dim> dims = context.dims(input);
    return dims == null || dims.size() < 2
        ? dims
        : Arrays.stream(order(context.node(), operand, dims.size())).mapToObj(dims::get).toList();
  }

  /** Which axis of the operand each axis of the stack of matrices is. */
  private static int[] order(Node node, String operand, int rank) {
    int[] axes = new int[rank];
    boolean batch = node.intAttribute("transBatch" + operand, 0) != 0;
    for (int axis = 0; axis < rank - 1; axis++) {
      axes[axis] = batch ? (axis == rank - 2 ? 0 : axis + 1) : axis;
    }
    axes[rank - 1] = rank - 1;
    if (node.intAttribute("trans" + operand, 0) != 0) {
      axes[rank - 1] = axes[rank - 2];
      axes[rank - 2] = rank - 1;
    }
    return axes;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor a = moved(context, 0, "A");
    Tensor b = moved(context, 1, "B");
    boolean constant = b == context.tensor(1) && context.isConstant(1);
    Tensor y = MatrixProduct.of(a, b).run(context, constant);
    float alpha = context.node().floatAttribute("alpha", 1);
    for (long i = 0; alpha != 1 && i < y.size(); i++) {
      y.setDouble(i, y.getDouble(i) * alpha);
    }
    return y;
  }

  private static Tensor moved(OpContext context, int input, String operand) {
    Tensor x = context.tensor(input);
    int rank = x.shape().rank();
    if (rank < 2) {
      return x;
    }
    int[] order = order(context.node(), operand, rank);
    long[] own = x.shape().strides();
    long[] strides = new long[rank];
    long[] dims = new long[rank];
    boolean same = true;
    for (int axis = 0; axis < rank; axis++) {
      strides[axis] = own[order[axis]];
      dims[axis] = x.shape().dim(order[axis]);
      same &= order[axis] == axis;
    }
    if (same) {
      return x;
    }
    Tensor y = context.allocate(x.dtype(), Shape.of(dims));
    StridedCopy.box(x, 0, strides, y, 0, y.shape().strides(), dims);
    return y;
  }
}
