package io.compresso.op;

/** {@link GatherND} in ONNX Runtime's own set. */
final class MicrosoftGatherND extends StandardInMicrosoft {
  MicrosoftGatherND() {
    super(new GatherND());
  }
}
