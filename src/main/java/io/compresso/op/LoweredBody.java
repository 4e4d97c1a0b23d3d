package io.compresso.op;

import io.compresso.tensor.TensorSpec;
import java.util.List;

/**
 * A subgraph of a node made ready for inputs of fixed types and shapes, and for the values around
 * it. {@link Lowered.Buffers#call} gives what one run at a time calls.
 */
public interface LoweredBody {
  /** The types and shapes of the subgraph's outputs. */
  List<TensorSpec> outputs();

  /** Which of the subgraph's inputs an output is, unchanged; -1 when it is none. */
  int passedOn(int output);

  /** Bytes of memory that a call works in. */
  long workspaceBytes();
}
