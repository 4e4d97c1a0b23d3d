/** Readers of the formats that samples are stored in. */
@NullMarked
package io.compresso.data.format;

import org.jspecify.annotations.NullMarked;
