package io.compresso.graph;

import org.jspecify.annotations.Nullable;

/**
 * A model is wrong, or asks for what cannot be done; names the node to blame where there is one.
 */
public final class GraphException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final @Nullable String node;

  public GraphException(String message) {
    super(message);
    this.node = null;
  }

  public GraphException(Node node, String message) {
    super("node '" + node.label() + "' (" + node.opType() + "): " + message);
    this.node = node.label();
  }

  public GraphException(Node node, String message, Throwable cause) {
    super("node '" + node.label() + "' (" + node.opType() + "): " + message, cause);
    this.node = node.label();
  }

  /** The label of the node to blame, or null. */
  public @Nullable String node() {
    return node;
  }
}
