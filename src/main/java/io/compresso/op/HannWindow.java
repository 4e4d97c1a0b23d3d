package io.compresso.op;

/** The window {@code 0.5 - 0.5 cos(p)}. */
final class HannWindow extends WindowFunction {
  HannWindow() {
    super("HannWindow", 17);
  }

  @Override
  double at(double phase) {
    return 0.5 - 0.5 * Math.cos(phase);
  }
}
