package io.compresso.op;

/** The window {@code 0.42 - 0.5 cos(p) + 0.08 cos(2p)}. */
final class BlackmanWindow extends WindowFunction {
  BlackmanWindow() {
    super("BlackmanWindow", 17);
  }

  @Override
  double at(double phase) {
    return 0.42 - 0.5 * Math.cos(phase) + 0.08 * Math.cos(2 * phase);
  }
}
