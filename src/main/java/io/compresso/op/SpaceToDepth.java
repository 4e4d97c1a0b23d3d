package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.kernel.CopyProblem;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Moves blocks of space into channels. */
final class SpaceToDepth extends StandardOperator {
  SpaceToDepth() {
    super("SpaceToDepth", 1, 13, 28);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      long block = context.node().intAttribute("blocksize", 0);
      if (dims == null) {
        return List.of(Dims.tensor(context.dtype(0), Dims.unknown(4)));
      }
      check(dims, block, context::error);
      return List.of(
          Dims.tensor(
              context.dtype(0),
              List.of(
                  dims.getFirst(),
                  Dims.product(List.of(dims.get(1), Dim.of(block * block))),
                  divided(dims.get(2).sizeOrNull(), block),
                  divided(dims.get(3).sizeOrNull(), block))));
    };
  }

  private static void check(List<Dim> x, long block, Function<String, GraphException> error) {
    if (x.size() != 4
        || block < 1
        || block > Integer.MAX_VALUE
        || !Dims.isMultiple(x.get(2), block)
        || !Dims.isMultiple(x.get(3), block)) {
      throw error.apply("blocks of " + block + " do not fit " + x);
    }
  }

  private static Dim divided(@Nullable Long size, long block) {
    return size == null ? Dim.UNKNOWN : Dim.of(size / block);
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Shape shape = x.shape();
      long b = context.node().intAttribute("blocksize", 0);
      check(Dims.of(shape), b, context::error);
      long n = shape.dim(0);
      long c = shape.dim(1);
      long h = shape.dim(2) / b;
      long w = shape.dim(3) / b;
      Tensor blocks = x.reshape(Shape.of(n, c, h, b, w, b));
      boolean columnsFirst = context.node().stringAttribute("mode", "DCR").equals("CRD");
      Tensor moved =
          columnsFirst
              ? Transpose.permute(context, blocks, 0, 1, 3, 5, 2, 4)
              : Transpose.permute(context, blocks, 0, 3, 5, 1, 2, 4);
      return List.of(moved.reshape(Shape.of(n, c * b * b, h, w)));
    });
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    TensorSpec x = context.input(0);
    int bytes = Lowerings.elementBytes(x.dtype());
    long b = context.node().intAttribute("blocksize", 0);
    if (bytes == 0) {
      return null;
    }
    Shape blocks =
        Shape.of(
            x.shape().dim(0), x.shape().dim(1), x.shape().dim(2) / b, b, x.shape().dim(3) / b, b);
    CopyProblem problem =
        context.node().stringAttribute("mode", "DCR").equals("CRD")
            ? CopyProblem.transpose(bytes, blocks, 0, 1, 3, 5, 2, 4)
            : CopyProblem.transpose(bytes, blocks, 0, 3, 5, 1, 2, 4);
    return Lowerings.copy(context, problem, 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }
}
