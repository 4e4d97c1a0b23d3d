package io.compresso.data;

import static java.util.Objects.requireNonNullElse;

import io.compresso.tensor.DType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How an image becomes a tensor: decoded, resized, cropped, then each 8-bit pixel value {@code p}
 * becomes {@code (p * scale - mean[c]) / std[c]}.
 *
 * @param width pixels of the result; null keeps the images' own width
 * @param height pixels of the result; null keeps the images' own height
 * @param crop for {@link Resize#SHORTEST_CROP}, the part of the resized shorter side that is kept,
 *     in (0, 1]
 * @param scale null for 1/255, or 1 when {@code dtype} is an integer type
 * @param mean empty, one for all channels, or one for each
 * @param std empty, one for all channels, or one for each
 * @param channels null for RGB of image files, GRAY of arrays of one channel
 */
public record ImageSpec(
    @Nullable Integer width,
    @Nullable Integer height,
    Resize resize,
    double crop,
    @Nullable Double scale,
    List<Double> mean,
    List<Double> std,
    Layout layout,
    @Nullable Channels channels,
    DType dtype) {
  /** How an image gets its size. All resizing is bilinear, antialiased when it shrinks. */
  public enum Resize {
    /** The image must have the size. */
    NONE,
    /** To the size, without regard to the aspect ratio. */
    STRETCH,
    /** The shorter side to its size divided by {@code crop}, then the centre. */
    SHORTEST_CROP,
    /** The centre, without resizing. */
    CENTER_CROP
  }

  /** The order of dimensions. */
  public enum Layout {
    NCHW,
    NHWC
  }

  /** The channels and their order. */
  public enum Channels {
    RGB(3),
    BGR(3),
    GRAY(1);

    private final int count;

    Channels(int count) {
      this.count = count;
    }

    public int count() {
      return count;
    }
  }

  /** The images' own size, NCHW, floats in 0..1. */
  public static final ImageSpec DEFAULT =
      new ImageSpec(
          null,
          null,
          Resize.STRETCH,
          1,
          null,
          List.of(),
          List.of(),
          Layout.NCHW,
          null,
          DType.FLOAT);

  public ImageSpec {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
    if (crop <= 0 || crop > 1) {
      throw SpecReader.invalid("image.crop", "must be above 0 and at most 1, not " + crop);
    }
    if (std.contains(0.0)) {
      throw SpecReader.invalid("image.std", "must not be 0");
    }
    if ((width == null) != (height == null)) {
      throw SpecReader.invalid("image", "width and height must be given together");
    }
    boolean stored =
        dtype == DType.FLOAT
            || dtype == DType.FLOAT16
            || dtype == DType.BFLOAT16
            || dtype == DType.DOUBLE
            || (dtype.isInteger() && dtype.bits() >= 8);
    if (!stored) {
      throw SpecReader.invalid("image.dtype", "images cannot be of type " + dtype);
    }
    if (channels != null) {
      requireCount("image.mean", mean.size(), channels.count());
      requireCount("image.std", std.size(), channels.count());
    }
  }

  /** What a pixel is multiplied by. */
  public double effectiveScale() {
    return scale != null ? scale : dtype.isInteger() ? 1 : 1 / 255.0;
  }

  static void requireCount(String path, int count, int channels) {
    if (count > 1 && count != channels) {
      throw SpecReader.invalid(path, count + " values for " + channels + " channels");
    }
  }

  static ImageSpec of(SpecReader spec) {
    ImageSpec image =
        new ImageSpec(
            side(spec, "width"),
            side(spec, "height"),
            requireNonNullElse(spec.choice("resize", Resize.class), Resize.STRETCH),
            requireNonNullElse(spec.number("crop"), 1.0),
            spec.number("scale"),
            spec.numbers("mean"),
            spec.numbers("std"),
            requireNonNullElse(spec.choice("layout", Layout.class), Layout.NCHW),
            spec.choice("channels", Channels.class),
            requireNonNullElse(spec.dtype("dtype"), DType.FLOAT));
    spec.end();
    return image;
  }

  private static @Nullable Integer side(SpecReader spec, String key) {
    Long side = spec.whole(key, 1);
    if (side != null && side > 1 << 16) {
      throw SpecReader.invalid(spec.path(key), "must be at most 65536");
    }
    return side == null ? null : side.intValue();
  }
}
