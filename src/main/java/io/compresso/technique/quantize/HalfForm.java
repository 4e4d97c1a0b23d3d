package io.compresso.technique.quantize;

import io.compresso.graph.Model;
import io.compresso.graph.Node;

/** A model in half precision, and what became of its nodes and constants. */
interface HalfForm {
  Model model();

  /** Whether the node of the parent computes in half precision, or on weights of it. */
  boolean isConverted(Node node);

  /** What the constants that became half took in fp32. */
  long floatBytes();

  /** What they take now. */
  long halfBytes();
}
