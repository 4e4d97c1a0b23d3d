package io.compresso.op;

/** {@link GridSample} in ONNX Runtime's own set. */
final class MicrosoftGridSample extends StandardInMicrosoft {
  MicrosoftGridSample() {
    super(new GridSample());
  }
}
