package io.compresso.evaluate;

import org.jspecify.annotations.Nullable;

/**
 * How far one output of a model is from its parent's, over all samples.
 *
 * @param elements how many were compared
 * @param sqnrDb signal to quantization noise: {@code 10 log10(sum p^2 / sum (p - c)^2)}; null when
 *     there is no noise, -300 when the noise is not finite or there is no signal
 * @param maxError the largest absolute difference
 * @param equal the part of the elements that are equal
 */
public record OutputError(
    String output, long elements, @Nullable Double sqnrDb, double maxError, double equal) {}
