package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.ConvertProblem;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.WeightQuantization;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;

/** Changes of type in single precision, by the operations that the problem states. */
public final class RefConvert extends RefKernel<ConvertProblem> {
  public RefConvert() {
    super(KernelFamily.CONVERT, ConvertProblem.class);
  }

  @Override
  Acceptance accepts(ConvertProblem problem) {
    return Acceptance.when(
            RefElements.isFloat(problem.from()) || isInteger(problem.from(), 32),
            "elements of type " + problem.from())
        .and(
            Acceptance.when(
                RefElements.isFloat(problem.to()) || isInteger(problem.to(), 16),
                "results of type " + problem.to()));
  }

  private static boolean isInteger(DType type, int mostBits) {
    return type.isInteger() && type.bits() >= 8 && type.bits() <= mostBits;
  }

  @Override
  void run(ConvertProblem problem, Constants constants, Operands operands, int threads) {
    Tensor x = RefElements.tensor(problem.from(), operands.input(), problem.count());
    Tensor y = RefElements.tensor(problem.to(), operands.output(), problem.count());
    WeightQuantization quantization = constants.quantization();
    long at = 0;
    for (long o = 0; o < problem.outer(); o++) {
      for (int c = 0; c < problem.channels(); c++) {
        float scale = quantization.scale(c) * operands.inputScale();
        int zero = quantization.zeroPoint(c) + operands.inputZeroPoint();
        for (long i = 0; i < problem.inner(); i++, at++) {
          element(problem, x, y, at, new Constant(scale, zero, quantization.outputZeroPoint()));
        }
      }
    }
  }

  private record Constant(float scale, int zero, int outputZero) {}

  private static void element(
      ConvertProblem problem, Tensor x, Tensor y, long at, Constant constant) {
    DType to = problem.to();
    if (problem.from().isFloat()) {
      if (to.isFloat()) {
        y.setDouble(at, x.getDouble(at));
        return;
      }
      double steps = Math.rint(x.getFloat(at) / constant.scale());
      y.setLong(at, RefElements.saturate(to, steps + constant.zero()));
      return;
    }
    float value = (int) (x.getLong(at) - constant.zero()) * constant.scale();
    if (to.isFloat()) {
      y.setFloat(at, value);
    } else {
      double steps = Math.rint(value);
      y.setLong(at, RefElements.saturate(to, steps + constant.outputZero()));
    }
  }
}
