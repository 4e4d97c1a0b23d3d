package io.compresso.op;

/** {@link Pad} in ONNX Runtime's own set. */
final class MicrosoftPad extends StandardInMicrosoft {
  MicrosoftPad() {
    super(new Pad());
  }
}
