/** Decoding images and making tensors of them. */
@NullMarked
package io.compresso.data.image;

import org.jspecify.annotations.NullMarked;
