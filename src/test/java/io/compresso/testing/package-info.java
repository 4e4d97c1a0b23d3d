/** What tests of several layers share. */
@org.jspecify.annotations.NullMarked
package io.compresso.testing;
