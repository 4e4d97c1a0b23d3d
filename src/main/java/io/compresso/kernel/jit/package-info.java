/** Machine code that is made at run time: buffers, executable pages and calls. */
@NullMarked
package io.compresso.kernel.jit;

import org.jspecify.annotations.NullMarked;
