package io.compresso.op;

/** {@link SimplifiedLayerNormalization} in ONNX Runtime's own set. */
final class MicrosoftSimplifiedLayerNormalization extends SimplifiedLayerNormalization {
  @Override
  public String domain() {
    return "com.microsoft";
  }
}
