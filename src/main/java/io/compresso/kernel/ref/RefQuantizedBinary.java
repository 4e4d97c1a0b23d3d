package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.QuantizedBinaryProblem;
import io.compresso.kernel.QuantizedBinaryProblem.Function;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;

/** Sums and products of 8-bit operands, by the operations that the problem states. */
public final class RefQuantizedBinary extends RefKernel<QuantizedBinaryProblem> {
  public RefQuantizedBinary() {
    super(KernelFamily.QUANTIZED_BINARY, QuantizedBinaryProblem.class);
  }

  @Override
  Acceptance accepts(QuantizedBinaryProblem problem) {
    return Acceptance.when(
            problem.type() == DType.UINT8 || problem.type() == DType.INT8,
            "elements of type " + problem.type())
        .and(
            Acceptance.when(
                Float.isFinite(problem.leftRatio())
                    && Float.isFinite(problem.rightRatio())
                    && Float.isFinite(problem.productRatio()),
                "scales whose ratio is not finite"));
  }

  @Override
  void run(QuantizedBinaryProblem problem, Constants constants, Operands operands, int threads) {
    DType type = problem.type();
    BroadcastWalk walk = new BroadcastWalk(problem.broadcast());
    Tensor a = RefElements.tensor(type, operands.input(), problem.inputBytes());
    Tensor b = RefElements.tensor(type, constants.second(operands), problem.secondBytes());
    Tensor y = RefElements.tensor(type, operands.output(), problem.outputBytes());
    boolean sum = problem.function() == Function.ADD;
    int za = problem.left().zeroPoint();
    int zb = problem.right().zeroPoint();
    for (long i = 0; i < problem.outputBytes(); i++, walk.next()) {
      long left = a.getLong(walk.left());
      long right = b.getLong(walk.right());
      float value =
          sum
              ? Math.fma(
                  left,
                  problem.leftRatio(),
                  Math.fma(right, problem.rightRatio(), problem.sumOffset()))
              : Math.fma(
                  (left - za) * (right - zb), problem.productRatio(), problem.output().zeroPoint());
      y.setLong(i, RefElements.saturate(type, Math.rint(value)));
    }
  }
}
