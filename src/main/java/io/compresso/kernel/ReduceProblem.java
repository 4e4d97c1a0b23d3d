package io.compresso.kernel;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.util.Optional;

/**
 * {@code y[o,i] = fold of x[o,:,i]} of floats, in single precision, in which sums and squares may
 * overflow.
 *
 * @param outer how many o
 * @param reduced elements that are folded to one
 * @param inner how many i
 */
public record ReduceProblem(
    ReduceFunction function, DType type, long outer, long reduced, long inner) implements Problem {
  public ReduceProblem {
    Sizes.require("outer", outer);
    Sizes.require("reduced", reduced);
    Sizes.require("inner", inner);
  }

  /**
   * The folding of some axes of a tensor.
   *
   * @param axes for each axis whether it is folded
   * @return empty if the folded axes longer than 1 do not lie side by side
   */
  public static Optional<ReduceProblem> of(
      ReduceFunction function, DType type, Shape shape, boolean[] axes) {
    long outer = 1;
    long reduced = 1;
    long inner = 1;
    boolean begun = false;
    for (int i = 0; i < shape.rank(); i++) {
      long size = shape.dim(i);
      if (size == 1) {
        continue;
      }
      if (!axes[i]) {
        outer *= begun ? 1 : size;
        inner *= begun ? size : 1;
      } else if (inner != 1) {
        return Optional.empty();
      } else {
        begun = true;
        reduced *= size;
      }
    }
    return Optional.of(new ReduceProblem(function, type, outer, reduced, inner));
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.REDUCE;
  }

  @Override
  public long inputBytes() {
    return type.bytes(Sizes.product(outer, reduced, inner));
  }

  @Override
  public long outputBytes() {
    return type.bytes(Sizes.product(outer, inner));
  }
}
