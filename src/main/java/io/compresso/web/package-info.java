/**
 * REST controllers, dashboard pages, problem mapping and the guard of a server that listens on
 * loopback.
 */
@NullMarked
package io.compresso.web;

import org.jspecify.annotations.NullMarked;
