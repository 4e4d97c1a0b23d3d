/**
 * Kernels for problems that no kernel of their family takes whole: each does the large part by the
 * best kernel for a simpler problem, which it asks the catalogue for, and what is left by others
 * before or after it.
 */
@NullMarked
package io.compresso.kernel.composed;

import org.jspecify.annotations.NullMarked;
