package io.compresso.op;

/** {@link LinearAttention} in ONNX Runtime's own set. */
final class MicrosoftLinearAttention extends StandardInMicrosoft {
  MicrosoftLinearAttention() {
    super(new LinearAttention());
  }
}
