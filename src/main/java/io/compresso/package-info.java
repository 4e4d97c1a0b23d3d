/** The program's entry point; each layer is a sub-package. */
@NullMarked
package io.compresso;

import org.jspecify.annotations.NullMarked;
