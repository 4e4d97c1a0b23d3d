package io.compresso.data.image;

/**
 * A decoded image.
 *
 * @param channels 1 (gray) or 3 (red, green, blue)
 * @param samples 8-bit samples, rows of interleaved pixels
 */
public record Pixels(int width, int height, int channels, byte[] samples) {}
