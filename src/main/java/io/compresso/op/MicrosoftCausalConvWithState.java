package io.compresso.op;

/** {@link CausalConvWithState} in ONNX Runtime's own set. */
final class MicrosoftCausalConvWithState extends StandardInMicrosoft {
  MicrosoftCausalConvWithState() {
    super(new CausalConvWithState());
  }
}
