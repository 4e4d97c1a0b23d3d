package io.compresso.evaluate.bench;

/** Something made ready that can be run over and over, on data of its own. */
public interface Contender extends AutoCloseable {
  /** What runs: a kernel's id, or how the peer was given the problem. */
  String name();

  /** One run. */
  void run();

  @Override
  void close();
}
