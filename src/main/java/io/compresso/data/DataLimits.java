package io.compresso.data;

/**
 * What a data set may take. Everything that comes from outside is held against these before memory
 * or disk is used.
 *
 * @param maxEntries entries of one archive
 * @param maxTotalBytes bytes that unpacking may write or read in total
 * @param maxRatio unpacked bytes for each packed byte, held once 64 MiB are unpacked
 * @param maxImagePixels width times height of one image
 * @param maxLineBytes bytes of one line of text
 * @param maxSampleBytes bytes of one sample's tensors
 */
public record DataLimits(
    int maxEntries,
    long maxTotalBytes,
    int maxRatio,
    long maxImagePixels,
    int maxLineBytes,
    long maxSampleBytes) {
  public static final DataLimits DEFAULT =
      new DataLimits(2_000_000, 256L << 30, 250, 40_000_000, 4 << 20, 512L << 20);
}
