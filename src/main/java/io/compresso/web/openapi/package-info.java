/** The OpenAPI document that the code serves, from which {@code openapi.yaml} is made. */
@NullMarked
package io.compresso.web.openapi;

import org.jspecify.annotations.NullMarked;
