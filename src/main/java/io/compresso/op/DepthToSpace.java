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

/** Moves blocks of channels into space. */
final class DepthToSpace extends StandardOperator {
  DepthToSpace() {
    super("DepthToSpace", 1, 11, 13, 28);
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
      Long channels = dims.get(1).sizeOrNull();
      return List.of(
          Dims.tensor(
              context.dtype(0),
              List.of(
                  dims.getFirst(),
                  channels == null ? Dim.UNKNOWN : Dim.of(channels / (block * block)),
                  Dims.product(List.of(dims.get(2), Dim.of(block))),
                  Dims.product(List.of(dims.get(3), Dim.of(block))))));
    };
  }

  private static void check(List<Dim> x, long block, Function<String, GraphException> error) {
    if (x.size() != 4
        || block < 1
        || block > Integer.MAX_VALUE
        || !Dims.isMultiple(x.get(1), block * block)) {
      throw error.apply("blocks of " + block + " do not fit " + x);
    }
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Shape shape = x.shape();
      long b = context.node().intAttribute("blocksize", 0);
      check(Dims.of(shape), b, context::error);
      long n = shape.dim(0);
      long c = shape.dim(1) / (b * b);
      long h = shape.dim(2);
      long w = shape.dim(3);
      Tensor moved =
          context.node().stringAttribute("mode", "DCR").equals("DCR")
              ? Transpose.permute(context, x.reshape(Shape.of(n, b, b, c, h, w)), 0, 3, 4, 1, 5, 2)
              : Transpose.permute(context, x.reshape(Shape.of(n, c, b, b, h, w)), 0, 1, 4, 2, 5, 3);
      return List.of(moved.reshape(Shape.of(n, c, h * b, w * b)));
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
    long n = x.shape().dim(0);
    long c = x.shape().dim(1) / (b * b);
    long h = x.shape().dim(2);
    long w = x.shape().dim(3);
    CopyProblem problem =
        context.node().stringAttribute("mode", "DCR").equals("DCR")
            ? CopyProblem.transpose(bytes, Shape.of(n, b, b, c, h, w), 0, 3, 4, 1, 5, 2)
            : CopyProblem.transpose(bytes, Shape.of(n, c, b, b, h, w), 0, 1, 4, 2, 5, 3);
    return Lowerings.copy(context, problem, 0);
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }
}
