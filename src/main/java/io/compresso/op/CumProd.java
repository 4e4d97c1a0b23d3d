package io.compresso.op;

/** The partial products along an axis. */
final class CumProd extends Cumulative {
  CumProd() {
    super("CumProd", 1, 26);
  }

  @Override
  double fold(double state, double value) {
    return state * value;
  }

  @Override
  long fold(long state, long value) {
    return state * value;
  }
}
