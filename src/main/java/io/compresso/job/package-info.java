/** The queue of jobs, and the processes in which they run. */
@NullMarked
package io.compresso.job;

import org.jspecify.annotations.NullMarked;
