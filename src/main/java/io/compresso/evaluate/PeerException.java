package io.compresso.evaluate;

/** ONNX Runtime refused a model or a run; the message is its own. */
public final class PeerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public PeerException(String message, Throwable cause) {
    super(message, cause);
  }

  public PeerException(String message) {
    super(message);
  }
}
