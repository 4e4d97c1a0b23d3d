package io.compresso.technique.quantize;

import io.compresso.graph.Model;
import io.compresso.graph.Node;
import java.util.function.Predicate;

/** The compressed forms of one prepared model. */
@FunctionalInterface
interface Variants {
  /** The model with the chosen nodes compressed, as far as they can be. */
  Model of(Predicate<Node> chosen);
}
