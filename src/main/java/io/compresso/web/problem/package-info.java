/** Errors as RFC 9457 problems: one body for whatever refuses a request. */
@NullMarked
package io.compresso.web.problem;

import org.jspecify.annotations.NullMarked;
