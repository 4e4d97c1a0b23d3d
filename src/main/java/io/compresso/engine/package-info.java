/** Runs graphs: passes, memory and execution. */
@NullMarked
package io.compresso.engine;

import org.jspecify.annotations.NullMarked;
