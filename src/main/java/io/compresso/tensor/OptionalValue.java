package io.compresso.tensor;

import org.jspecify.annotations.Nullable;

/** An ONNX optional: a value, or none. */
public record OptionalValue(@Nullable Value value) implements Value {}
