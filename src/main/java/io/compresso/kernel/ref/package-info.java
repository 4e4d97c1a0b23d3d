/** The scalar truth: one kernel per family, slow, plain, for every type and shape. */
@NullMarked
package io.compresso.kernel.ref;

import org.jspecify.annotations.NullMarked;
