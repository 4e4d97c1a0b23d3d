package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Node;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.CopyProblem;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What operators share that permute the axes of their input under another shape. */
abstract class Shuffle extends InternalOperator {
  /**
   * A permutation.
   *
   * @param inside the input's elements under the shape whose axes are permuted
   * @param order for each permuted axis the axis of {@code inside}
   * @param outside the result's shape
   */
  record Permutation(Shape inside, int[] order, Shape outside) {}

  /**
   * The permutation of an input.
   *
   * @param last whether the channels of {@code x} are its last axis
   */
  abstract Permutation permutation(Node node, Shape x, boolean last);

  /** The dimensions of the result, channels first, from those of the input. */
  abstract List<Dim> dims(Node node, List<Dim> x);

  @Override
  public final ShapeRule shapeRule() {
    return context ->
        List.of(
            LayoutDims.infer(
                context,
                first -> {
                  List<Dim> x = first.dims(0);
                  return Dims.tensor(
                      first.dtype(0), x == null || x.size() < 3 ? null : dims(first.node(), x));
                }));
  }

  private Permutation checked(Node node, Shape x) {
    if (x.rank() < 3) {
      throw new GraphException(node, "input " + x + " has no spatial axes");
    }
    boolean last = CompiledConvolution.layout(node) == Layout.NHWC;
    Permutation permutation = permutation(node, x, last);
    if (permutation.inside().size() != x.size()) {
      throw new GraphException(
          node, "channels of input " + x + " are no multiple of what the attributes say");
    }
    return permutation;
  }

  @Override
  public final Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Permutation permutation = checked(context.node(), x.shape());
      return List.of(
          Transpose.permute(context, x.reshape(permutation.inside()), permutation.order())
              .reshape(permutation.outside()));
    });
  }

  @Override
  public final @Nullable Lowered lower(LoweringContext context) {
    int bytes = Lowerings.elementBytes(context.input(0).dtype());
    if (bytes == 0) {
      return null;
    }
    Permutation permutation = checked(context.node(), context.input(0).shape());
    return Lowerings.copy(
        context, CopyProblem.transpose(bytes, permutation.inside(), permutation.order()), 0);
  }

  /** An attribute that counts something. */
  static long count(Node node, String attribute) {
    long value = node.intAttribute(attribute, 1);
    if (value < 1) {
      throw new GraphException(node, "attribute '" + attribute + "' is " + value);
    }
    return value;
  }
}
