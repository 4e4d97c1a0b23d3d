/** One file per operator, and the catalogue that lists them. */
@NullMarked
package io.compresso.op;

import org.jspecify.annotations.NullMarked;
