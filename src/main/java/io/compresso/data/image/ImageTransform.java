package io.compresso.data.image;

import static java.util.Objects.requireNonNullElse;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.ImageSpec;
import io.compresso.data.ImageSpec.Channels;
import io.compresso.data.ImageSpec.Layout;
import io.compresso.data.ImageSpec.Resize;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.List;

/** Makes tensors of one shape and type of images. Safe for several threads at once. */
public final class ImageTransform {
  private final ImageSpec spec;
  private final int width;
  private final int height;
  private final Channels channels;
  private final double[] factor;
  private final double[] offset;

  /**
   * @param sourceWidth the width of the first image, kept where the spec names no size
   * @param sourceChannels 1 or 3
   */
  public ImageTransform(ImageSpec spec, int sourceWidth, int sourceHeight, int sourceChannels) {
    this.spec = spec;
    this.width = requireNonNullElse(spec.width(), sourceWidth);
    this.height = requireNonNullElse(spec.height(), sourceHeight);
    this.channels =
        requireNonNullElse(spec.channels(), sourceChannels == 1 ? Channels.GRAY : Channels.RGB);
    int count = channels.count();
    factor = new double[count];
    offset = new double[count];
    for (int c = 0; c < count; c++) {
      double std = perChannel(spec.std(), c, 1, "image.std");
      factor[c] = spec.effectiveScale() / std;
      offset[c] = -perChannel(spec.mean(), c, 0, "image.mean") / std;
    }
  }

  private double perChannel(List<Double> values, int c, double otherwise, String path) {
    if (values.isEmpty()) {
      return otherwise;
    }
    if (values.size() == 1) {
      return values.getFirst();
    }
    if (values.size() != channels.count()) {
      throw new DataException(
          Code.INVALID_SPEC,
          path,
          values.size() + " values for images of " + channels.count() + " channels");
    }
    return values.get(c);
  }

  /** The shape of each tensor, without a batch dimension. */
  public Shape shape() {
    return spec.layout() == Layout.NCHW
        ? Shape.of(channels.count(), height, width)
        : Shape.of(height, width, channels.count());
  }

  public DType dtype() {
    return spec.dtype();
  }

  /**
   * Refuses an image whose size does not do.
   *
   * @param where what to call the image in messages
   */
  public void requireSize(int imageWidth, int imageHeight, String where) {
    if (imageWidth == width && imageHeight == height) {
      return;
    }
    String size = "the image is %d x %d pixels".formatted(imageWidth, imageHeight);
    if (spec.width() == null) {
      throw new DataException(
          Code.MALFORMED,
          where,
          "%s, the first one %d x %d; declare image.width and image.height"
              .formatted(size, width, height));
    }
    if (spec.resize() == Resize.NONE) {
      throw new DataException(
          Code.MALFORMED,
          where,
          "%s, declared are %d x %d without resizing".formatted(size, width, height));
    }
    if (spec.resize() == Resize.CENTER_CROP && (imageWidth < width || imageHeight < height)) {
      throw new DataException(
          Code.MALFORMED, where, "%s, too few to crop %d x %d from".formatted(size, width, height));
    }
  }

  /**
   * The tensor of an image.
   *
   * @param where what to call the image in messages
   */
  public Tensor apply(Pixels image, String where) {
    requireSize(image.width(), image.height(), where);
    float[] planes = toPlanes(image);
    int sourceWidth = image.width();
    int sourceHeight = image.height();
    int count = channels.count();
    if (sourceWidth != width || sourceHeight != height) {
      long newWidth = sourceWidth;
      long newHeight = sourceHeight;
      if (spec.resize() == Resize.STRETCH) {
        newWidth = width;
        newHeight = height;
      } else if (spec.resize() == Resize.SHORTEST_CROP) {
        double ratio =
            Math.max(width / spec.crop() / sourceWidth, height / spec.crop() / sourceHeight);
        newWidth = Math.max(width, Math.round(sourceWidth * ratio));
        newHeight = Math.max(height, Math.round(sourceHeight * ratio));
      }
      planes =
          Resampler.resize(
              planes,
              channels.count(),
              new Resampler.Axis(sourceWidth, newWidth, width),
              new Resampler.Axis(sourceHeight, newHeight, height));
    }
    return toTensor(planes);
  }

  private float[] toPlanes(Pixels image) {
    int size = image.width() * image.height();
    float[] planes = new float[size * channels.count()];
    byte[] samples = image.samples();
    if (channels == Channels.GRAY) {
      for (int i = 0; i < size; i++) {
        planes[i] =
            image.channels() == 1
                ? samples[i] & 0xFF
                : luma(samples[3 * i] & 0xFF, samples[3 * i + 1] & 0xFF, samples[3 * i + 2] & 0xFF);
      }
      return planes;
    }
    for (int c = 0; c < 3; c++) {
      int source = image.channels() == 1 ? 0 : channels == Channels.RGB ? c : 2 - c;
      for (int i = 0; i < size; i++) {
        planes[c * size + i] = samples[i * image.channels() + source] & 0xFF;
      }
    }
    return planes;
  }

  /** ITU-R BT.601 luma, rounded. */
  private static int luma(int red, int green, int blue) {
    return (299 * red + 587 * green + 114 * blue + 500) / 1000;
  }

  private Tensor toTensor(float[] planes) {
    Tensor tensor = Tensor.allocateBriefly(spec.dtype(), shape());
    boolean whole = spec.dtype().isInteger();
    int count = channels.count();
    int size = width * height;
    for (int c = 0; c < count; c++) {
      for (int i = 0; i < size; i++) {
        double value = planes[c * size + i] * factor[c] + offset[c];
        int at = spec.layout() == Layout.NCHW ? c * size + i : i * count + c;
        if (whole) {
          tensor.setLong(at, Math.clamp(Math.round(Math.rint(value)), minimum(), maximum()));
        } else {
          tensor.setFloat(at, (float) value);
        }
      }
    }
    return tensor;
  }

  private long minimum() {
    return spec.dtype().bits() > 32 ? Integer.MIN_VALUE : spec.dtype().minValue();
  }

  private long maximum() {
    return spec.dtype().bits() > 32 ? Integer.MAX_VALUE : spec.dtype().maxValue();
  }
}
