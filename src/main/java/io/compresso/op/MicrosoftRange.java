package io.compresso.op;

/** {@link Range} in ONNX Runtime's own set, where {@code delta} may be omitted for 1. */
final class MicrosoftRange extends StandardInMicrosoft {
  MicrosoftRange() {
    super(new Range());
  }
}
