package io.compresso.kernel.nhwc;

/**
 * Where output channels lie in panels.
 *
 * @param vectors vectors of a panel
 * @param lanes channels of a vector
 * @param channels output channels of a group
 * @param interleaved whether the channels of a panel of four vectors are dealt to them in fours:
 *     vector {@code j} has, in each 128 bits, the channels {@code 4j} to {@code 4j + 3} of sixteen
 */
public record PanelLayout(int vectors, int lanes, int channels, boolean interleaved) {
  private static final int BLOCK = 16;

  /** Panels of a group, of which the last may not be full. */
  public int panels() {
    return Math.ceilDiv(channels, vectors * lanes);
  }

  /**
   * In how many places a channel is. Those of a panel that fills no more than half of interleaved
   * vectors are in the upper halves, too.
   */
  public int copies(int channel) {
    int size = vectors * lanes;
    int before = channel / size * size;
    return interleaved && 2 * (channels - before) <= size ? 2 : 1;
  }

  /** The vector of a channel, counted from the group's first. */
  public int vector(int channel) {
    return interleaved
        ? channel / (vectors * lanes) * vectors + channel % BLOCK / 4
        : channel / lanes;
  }

  /** The lane of a channel in its vector; that of a copy is half a vector further. */
  public int lane(int channel) {
    return interleaved ? channel % (vectors * lanes) / BLOCK * 4 + channel % 4 : channel % lanes;
  }
}
