/**
 * Products of row-major rows with packed panels of columns: the packing, the splitting into chunks
 * and the gathering of convolution windows that the vector and the machine-code kernels share;
 * scratch memory, and the splitting of memory-bound work.
 */
@NullMarked
package io.compresso.kernel.panel;

import org.jspecify.annotations.NullMarked;
