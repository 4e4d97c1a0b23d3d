package io.compresso.technique;

/**
 * The memory of tensors, which is freed when the garbage collector finds that nobody has them any
 * more, and that of large arrays. The collector does not see how large tensors are and may take its
 * time.
 */
public final class NativeMemory {
  private static final long HEAP_BYTES = 64L << 20;

  private NativeMemory() {}

  /** Frees now what is garbage. Called where a model, or what a session packed, has become it. */
  public static void reclaim() {
    System.gc();
  }

  /**
   * Frees now what is garbage if the heap has grown. Called after work on the arrays of a whole
   * layer: those that live for some collections would stay until the heap has taken all it may.
   */
  public static void reclaimIfGrown() {
    Runtime runtime = Runtime.getRuntime();
    if (runtime.totalMemory() - runtime.freeMemory() > HEAP_BYTES) {
      reclaim();
    }
  }
}
