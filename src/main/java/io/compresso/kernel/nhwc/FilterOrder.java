package io.compresso.kernel.nhwc;

/** How filters lie in memory. */
public enum FilterOrder {
  /** {@code [output channel][input channel][tap]}. */
  OUTPUTS_FIRST,
  /** {@code [input channel][output channel]}, of one group and one tap. */
  INPUTS_FIRST
}
