/** What the bench of kernels times: shapes, our kernels and the models of one operator. */
@NullMarked
package io.compresso.evaluate.bench;

import org.jspecify.annotations.NullMarked;
