/** Quantization: integer weights and activations. Private; reached through the catalogue. */
@NullMarked
package io.compresso.technique.quantize;

import org.jspecify.annotations.NullMarked;
