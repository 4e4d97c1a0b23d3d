/** Files, tar and zip archives as lists of entries that are read in place. */
@NullMarked
package io.compresso.data.archive;

import org.jspecify.annotations.NullMarked;
