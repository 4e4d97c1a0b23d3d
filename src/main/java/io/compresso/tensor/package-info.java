/** Element types, shapes and off-heap tensors. Depends on nothing. */
@NullMarked
package io.compresso.tensor;

import org.jspecify.annotations.NullMarked;
