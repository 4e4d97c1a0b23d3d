/**
 * A job's report as one HTML file with charts. Private; reached through {@link
 * io.compresso.technique.Report#html()}.
 */
@NullMarked
package io.compresso.technique.report;

import org.jspecify.annotations.NullMarked;
