package io.compresso.op;

/** {@link RNN} with weights of 8 bits. */
final class QuantizedRNN extends QuantizedRecurrent {
  QuantizedRNN() {
    super(new RNN(), 1);
  }
}
