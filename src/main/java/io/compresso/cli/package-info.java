/** The command line: one class a command. */
@NullMarked
package io.compresso.cli;

import org.jspecify.annotations.NullMarked;
