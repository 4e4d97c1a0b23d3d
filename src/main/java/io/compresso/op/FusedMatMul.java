package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code alpha} times a product of stacks of matrices, either transposed. */
final class FusedMatMul extends MicrosoftOperator {
  @Override
  public String opType() {
    return "FusedMatMul";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> a = swapped(context.dims(0), context.node().intAttribute("transA", 0) != 0);
      List<Dim> b = swapped(context.dims(1), context.node().intAttribute("transB", 0) != 0);
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

  private static @Nullable List<Dim> swapped(@Nullable List<Dim> dims, boolean swap) {
    if (dims == null || dims.size() < 2 || !swap) {
      return dims;
    }
    List<Dim> result = new ArrayList<>(dims);
    Collections.swap(result, dims.size() - 1, dims.size() - 2);
    return result;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    if (context.node().intAttribute("transBatchA", 0) != 0
        || context.node().intAttribute("transBatchB", 0) != 0) {
      throw context.error("attributes 'transBatchA' and 'transBatchB' are not supported");
    }
    boolean transposeB = context.node().intAttribute("transB", 0) != 0;
    Tensor a = transposed(context, 0, context.node().intAttribute("transA", 0) != 0);
    Tensor b = transposed(context, 1, transposeB);
    Tensor y = MatrixProduct.of(a, b).run(context, !transposeB && context.isConstant(1));
    float alpha = context.node().floatAttribute("alpha", 1);
    for (long i = 0; alpha != 1 && i < y.size(); i++) {
      y.setDouble(i, y.getDouble(i) * alpha);
    }
    return y;
  }

  private static Tensor transposed(OpContext context, int input, boolean transpose) {
    Tensor x = context.tensor(input);
    Shape shape = x.shape();
    int rank = shape.rank();
    if (!transpose || rank < 2) {
      return x;
    }
    Shape swapped = shape.with(-1, shape.dim(-2)).with(-2, shape.dim(-1));
    long[] strides = shape.strides();
    strides[rank - 1] = shape.dim(-1);
    strides[rank - 2] = 1;
    Tensor y = context.allocate(x.dtype(), swapped);
    StridedCopy.box(x, 0, strides, y, 0, swapped.strides(), swapped.dims());
    return y;
  }
}
