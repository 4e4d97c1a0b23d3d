/** Text as tokens. */
@NullMarked
package io.compresso.data.text;

import org.jspecify.annotations.NullMarked;
