/** The rewritings by which a model is compiled: private to the engine. */
@NullMarked
package io.compresso.engine.pass;

import org.jspecify.annotations.NullMarked;
