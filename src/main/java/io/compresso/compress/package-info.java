/**
 * The service's use cases: the one bridge between the web, the store, the queue and the pure
 * layers.
 */
@NullMarked
package io.compresso.compress;

import org.jspecify.annotations.NullMarked;
