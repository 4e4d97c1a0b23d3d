package io.compresso.kernel.nhwc;

import java.util.List;

/**
 * Where the inputs of a sum lie, in bytes, counted from the first element of the window.
 *
 * @param columnBytes from the window of one output pixel to that of the next in its row
 * @param rowBytes from the window of one output pixel to that of the one below
 * @param loops what leads from one run of steps to the next, outermost first
 * @param steps steps of a run
 * @param stepBytes from one step of a run to the next
 */
public record Window(long columnBytes, long rowBytes, List<Loop> loops, int steps, long stepBytes) {
  /** {@code count} times a distance. */
  public record Loop(int count, long bytes) {}

  public Window {
    loops = List.copyOf(loops);
  }

  /** Steps of a sum. */
  public long totalSteps() {
    long total = steps;
    for (Loop loop : loops) {
      total *= loop.count();
    }
    return total;
  }
}
