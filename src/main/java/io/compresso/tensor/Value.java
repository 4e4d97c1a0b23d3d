package io.compresso.tensor;

/** What flows along an edge of a running graph. */
public sealed interface Value permits Tensor, TensorSequence, TensorMap, OptionalValue {}
