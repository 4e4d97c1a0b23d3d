/** Measuring models: accuracy, agreement, size, arithmetic, memory and latency. */
@NullMarked
package io.compresso.evaluate;

import org.jspecify.annotations.NullMarked;
