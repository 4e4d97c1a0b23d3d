package io.compresso.op;

import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** The upper or lower triangle of each matrix, zeros elsewhere; {@code k} shifts the diagonal. */
final class Trilu extends StandardOperator {
  Trilu() {
    super("Trilu", 14);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(0).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Tensor shift = context.tensorOrNull(1);
      int rank = x.shape().rank();
      if (rank < 2) {
        throw context.error(x + " holds no matrix");
      }
      boolean upper = context.node().intAttribute("upper", 1) != 0;
      long k = shift == null ? 0 : shift.getLong(0);
      long rows = x.shape().dim(rank - 2);
      long columns = x.shape().dim(rank - 1);
      Tensor y = context.allocate(x.dtype(), x.shape());
      for (long row = 0; row < x.shape().size(0, rank - 1); row++) {
        long diagonal = Math.max(-1, Math.min(columns, row % rows + k));
        long from = upper ? Math.max(0, diagonal) : 0;
        long to = upper ? columns : Math.min(columns, diagonal + 1);
        if (from < to) {
          StridedCopy.run(x, row * columns + from, y, row * columns + from, to - from);
        }
      }
      return List.of(y);
    });
  }
}
