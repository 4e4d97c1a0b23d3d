/** Graphs made of random motifs, and what they give on the scalar kernels. */
package io.compresso.engine.random;
