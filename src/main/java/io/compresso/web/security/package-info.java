/** Who may talk to the server: host and origin checks, response headers, stateless security. */
@NullMarked
package io.compresso.web.security;

import org.jspecify.annotations.NullMarked;
