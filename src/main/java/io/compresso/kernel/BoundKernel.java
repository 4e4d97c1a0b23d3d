package io.compresso.kernel;

/** A prepared kernel whose runs are those of what it binds. */
public interface BoundKernel extends PreparedKernel {
  @Override
  Runnable bind(Operands operands, int threads);

  @Override
  default void run(Operands operands, int threads) {
    bind(operands, threads).run();
  }
}
