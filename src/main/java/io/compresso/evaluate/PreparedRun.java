package io.compresso.evaluate;

/** A run of a model on inputs that are ready, for timing. */
public interface PreparedRun extends AutoCloseable {
  /** Runs the model and throws the outputs away. */
  void run();

  @Override
  void close();
}
