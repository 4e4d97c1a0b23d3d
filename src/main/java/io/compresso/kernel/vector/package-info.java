/** The portable rung: kernels in the JDK's Vector API. */
@NullMarked
package io.compresso.kernel.vector;

import org.jspecify.annotations.NullMarked;
