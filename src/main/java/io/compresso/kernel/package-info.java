/**
 * Numeric kernels: problems, the kernels that solve them, and the catalogue that chooses one for
 * the CPU found.
 *
 * <p>Callers state a {@link io.compresso.kernel.Problem}, prepare it once with its constant weights
 * through {@link io.compresso.kernel.KernelCatalog} and run it as often as they like; {@link
 * io.compresso.kernel.Kernels} does both for a single call.
 */
@NullMarked
package io.compresso.kernel;

import org.jspecify.annotations.NullMarked;
