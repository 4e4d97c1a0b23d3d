package io.compresso.op;

/** {@link Trilu} in ONNX Runtime's own set. */
final class MicrosoftTrilu extends StandardInMicrosoft {
  MicrosoftTrilu() {
    super(new Trilu());
  }
}
