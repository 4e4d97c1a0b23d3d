/** The assembler for x86-64 and the kernels that it generates. */
@NullMarked
package io.compresso.kernel.jit.x86;

import org.jspecify.annotations.NullMarked;
