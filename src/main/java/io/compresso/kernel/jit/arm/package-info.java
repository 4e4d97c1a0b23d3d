/** Machine code for AArch64: the assembler and the kernels that are made with it. */
@NullMarked
package io.compresso.kernel.jit.arm;

import org.jspecify.annotations.NullMarked;
