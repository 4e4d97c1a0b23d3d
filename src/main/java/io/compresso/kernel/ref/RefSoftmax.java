package io.compresso.kernel.ref;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.SoftmaxProblem;
import io.compresso.tensor.Tensor;

/** Softmax and its logarithm, in double precision. */
public final class RefSoftmax extends RefKernel<SoftmaxProblem> {
  public RefSoftmax() {
    super(KernelFamily.SOFTMAX, SoftmaxProblem.class);
  }

  @Override
  Acceptance accepts(SoftmaxProblem problem) {
    return Acceptance.when(
        RefElements.isFloat(problem.type()), "elements of type " + problem.type());
  }

  @Override
  void run(SoftmaxProblem problem, Constants constants, Operands operands, int threads) {
    int length = problem.length();
    int inner = problem.inner();
    long count = problem.rows() * length * inner;
    Tensor x = RefElements.tensor(problem.type(), operands.input(), count);
    Tensor y = RefElements.tensor(problem.type(), operands.output(), count);
    for (long row = 0; row < problem.rows(); row++) {
      for (int s = 0; s < inner; s++) {
        line(problem, x, y, row * length * inner + s);
      }
    }
  }

  private static void line(SoftmaxProblem problem, Tensor x, Tensor y, long start) {
    int inner = problem.inner();
    double greatest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < problem.length(); i++) {
      greatest = Math.max(greatest, x.getDouble(start + (long) i * inner));
    }
    double sum = 0;
    for (int i = 0; i < problem.length(); i++) {
      sum += Math.exp(x.getDouble(start + (long) i * inner) - greatest);
    }
    double logSum = Math.log(sum);
    for (int i = 0; i < problem.length(); i++) {
      long at = start + (long) i * inner;
      double difference = x.getDouble(at) - greatest;
      y.setDouble(at, problem.log() ? difference - logSum : Math.exp(difference) / sum);
    }
  }
}
