package io.compresso.graph;

/** A named value and its type: a graph's input, output, or an annotated value in between. */
public record ValueInfo(String name, ValueType type, Annotations annotations) {
  public ValueInfo(String name, ValueType type) {
    this(name, type, Annotations.NONE);
  }
}
