package io.compresso.op;

/** The partial sums along an axis. */
final class CumSum extends Cumulative {
  CumSum() {
    super("CumSum", 0, 11, 14);
  }

  @Override
  double fold(double state, double value) {
    return state + value;
  }

  @Override
  long fold(long state, long value) {
    return state + value;
  }
}
