package io.compresso.op;

/** The window {@code 25/46 - 21/46 cos(p)}. */
final class HammingWindow extends WindowFunction {
  HammingWindow() {
    super("HammingWindow", 17);
  }

  @Override
  double at(double phase) {
    return 25.0 / 46 - 21.0 / 46 * Math.cos(phase);
  }
}
