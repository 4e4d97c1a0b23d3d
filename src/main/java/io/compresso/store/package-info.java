/** What the service keeps: rows in PostgreSQL, content in the blob store. */
@NullMarked
package io.compresso.store;

import org.jspecify.annotations.NullMarked;
