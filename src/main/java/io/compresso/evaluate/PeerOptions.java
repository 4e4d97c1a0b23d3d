package io.compresso.evaluate;

/**
 * How ONNX Runtime runs a model.
 *
 * @param threads threads within an operator; operators run one after the other
 * @param spinning whether its idle threads spin; without, they leave the cores to others
 * @param optimized whether its graph optimizations are on, all of them
 */
public record PeerOptions(int threads, boolean spinning, boolean optimized) {
  public static final PeerOptions DEFAULT =
      new PeerOptions(Runtime.getRuntime().availableProcessors(), false, true);

  /** All optimizations, no spinning. */
  public static PeerOptions threads(int threads) {
    return new PeerOptions(threads, false, true);
  }
}
