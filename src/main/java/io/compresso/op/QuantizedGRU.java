package io.compresso.op;

/** {@link GRU} with weights of 8 bits. */
final class QuantizedGRU extends QuantizedRecurrent {
  QuantizedGRU() {
    super(new GRU(), 2);
  }
}
