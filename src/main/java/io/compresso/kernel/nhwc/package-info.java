/**
 * Convolutions over NHWC as products of tiles of output pixels with packed panels of filters: no
 * matrix of windows is ever made. Geometry, tiling, packing and the run are shared; backends
 * compute the tiles.
 */
@NullMarked
package io.compresso.kernel.nhwc;

import org.jspecify.annotations.NullMarked;
