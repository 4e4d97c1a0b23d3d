/** The dashboard: server-side pages, live by htmx and server-sent events. */
@NullMarked
package io.compresso.web.page;

import org.jspecify.annotations.NullMarked;
