/** Builders of well-known networks with seeded random weights, for the bench and for tests. */
@NullMarked
package io.compresso.evaluate.models;

import org.jspecify.annotations.NullMarked;
