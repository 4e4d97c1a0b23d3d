/** The PostgreSQL that the program starts itself when no other is configured. */
@NullMarked
package io.compresso.store.embedded;

import org.jspecify.annotations.NullMarked;
