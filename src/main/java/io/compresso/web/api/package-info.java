/** The resources under {@code /v1}: controllers and the records of their bodies. */
@NullMarked
package io.compresso.web.api;

import org.jspecify.annotations.NullMarked;
