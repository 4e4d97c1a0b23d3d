package io.compresso.technique;

/**
 * The memory of tensors, which is freed when the garbage collector finds that nobody has them any
 * more. It does not see how large they are and may take its time.
 */
public final class NativeMemory {
  private NativeMemory() {}

  /** Frees now what is garbage. Called where a model, or what a session packed, has become it. */
  public static void reclaim() {
    System.gc();
  }
}
