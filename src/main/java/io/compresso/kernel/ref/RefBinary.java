package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;

/** Functions of two elements: floats in double precision, integers in 64 bits. */
public final class RefBinary extends RefKernel<BinaryProblem> {
  public RefBinary() {
    super(KernelFamily.BINARY, BinaryProblem.class);
  }

  @Override
  Acceptance accepts(BinaryProblem problem) {
    boolean integer =
        (problem.type() == DType.INT32 || problem.type() == DType.INT64)
            && problem.function().takesIntegers();
    return Acceptance.when(
        integer || RefElements.isFloat(problem.type()),
        "%s of type %s".formatted(problem.function(), problem.type()));
  }

  @Override
  void run(BinaryProblem problem, Constants constants, Operands operands, int threads) {
    BroadcastWalk walk = new BroadcastWalk(problem.broadcast());
    Tensor a =
        RefElements.tensor(problem.type(), operands.input(), problem.broadcast().leftCount());
    Tensor b =
        RefElements.tensor(
            problem.type(), constants.second(operands), problem.broadcast().rightCount());
    long count = problem.broadcast().count();
    Tensor y = RefElements.tensor(problem.outputType(), operands.output(), count);
    BinaryFunction function = problem.function();
    boolean floats = problem.type().isFloat();
    for (long i = 0; i < count; i++, walk.next()) {
      if (function.isComparison()) {
        boolean holds =
            floats
                ? holds(function, a.getDouble(walk.left()), b.getDouble(walk.right()))
                : function.holds(a.getLong(walk.left()), b.getLong(walk.right()));
        y.setLong(i, holds ? 1 : 0);
      } else if (floats) {
        y.setDouble(i, apply(function, a.getDouble(walk.left()), b.getDouble(walk.right())));
      } else {
        y.setLong(i, function.apply(a.getLong(walk.left()), b.getLong(walk.right())));
      }
    }
  }

  private static double apply(BinaryFunction function, double a, double b) {
    return switch (function) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / b;
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
      case POW -> Math.pow(a, b);
      case PRELU -> a < 0 ? a * b : a;
      default -> throw new IllegalStateException(function.toString());
    };
  }

  private static boolean holds(BinaryFunction function, double a, double b) {
    return switch (function) {
      case EQUAL -> a == b;
      case LESS -> a < b;
      case LESS_OR_EQUAL -> a <= b;
      case GREATER -> a > b;
      case GREATER_OR_EQUAL -> a >= b;
      default -> throw new IllegalStateException(function.toString());
    };
  }
}
