package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import io.compresso.data.DatasetSchema.Field;
import io.compresso.data.FieldSpec;
import io.compresso.data.ImageSpec;
import io.compresso.data.image.ImageTransform;
import io.compresso.data.image.Pixels;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * A field whose samples are the rows of an array.
 *
 * @param transform makes tensors of the rows when these are images
 */
record Column(Field field, ArrayData array, @Nullable ImageTransform transform) {

  /** The rows as they are, but for the type and shape that {@code spec} may name. */
  static Column raw(String name, ArrayData array, @Nullable FieldSpec spec, DataLimits limits) {
    return make(name, array, spec, null, array.dtype(), array.sampleShape(), limits);
  }

  /** The rows as images of bytes: {@code [H,W]}, {@code [H,W,C]} or {@code [C,H,W]}. */
  static Column image(
      String name, ArrayData array, @Nullable FieldSpec spec, ImageSpec image, DataLimits limits) {
    Shape shape = array.sampleShape();
    boolean first = shape.rank() == 3 && !isChannels(shape.dim(2));
    int height = Math.toIntExact(shape.dim(first ? 1 : 0));
    int width = Math.toIntExact(shape.dim(first ? 2 : 1));
    int channels = shape.rank() == 2 ? 1 : (int) shape.dim(first ? 0 : 2);
    if ((long) width * height > limits.maxImagePixels()) {
      throw new DataException(
          Code.LIMIT_EXCEEDED,
          array.name(),
          "images of " + width + " x " + height + " pixels are over the limit");
    }
    ImageTransform transform = new ImageTransform(image, width, height, channels);
    transform.requireSize(width, height, array.name());
    return make(name, array, spec, transform, transform.dtype(), transform.shape(), limits);
  }

  /** Whether the rows can be images. */
  static boolean isImage(ArrayData array) {
    Shape shape = array.sampleShape();
    return array.dtype() == DType.UINT8
        && shape.size() > 0
        && (shape.rank() == 2
            || (shape.rank() == 3 && (isChannels(shape.dim(0)) || isChannels(shape.dim(2)))));
  }

  private static boolean isChannels(long dim) {
    return dim == 1 || dim == 3;
  }

  private static Column make(
      String name,
      ArrayData array,
      @Nullable FieldSpec spec,
      @Nullable ImageTransform transform,
      DType ownType,
      Shape ownShape,
      DataLimits limits) {
    DType dtype = spec == null || spec.dtype() == null ? ownType : spec.dtype();
    Shape shape = spec == null || spec.shape() == null ? ownShape : spec.shape();
    if (shape.size() != ownShape.size()) {
      throw new DataException(
          Code.INVALID_SPEC,
          "field '" + name + "'",
          "the shape " + shape + " has not the " + ownShape.size() + " elements of " + ownShape);
    }
    boolean real =
        ownType != DType.STRING && ownType != DType.COMPLEX64 && ownType != DType.COMPLEX128;
    if (dtype != ownType && (!real || dtype == DType.STRING || dtype.bits() > 64)) {
      throw new DataException(
          Code.INVALID_SPEC,
          "field '" + name + "'",
          "elements of type " + ownType + " do not convert to " + dtype);
    }
    requireSize(name, dtype, shape, limits);
    return new Column(new Field(name, dtype, shape), array, transform);
  }

  /** Refuses samples that are larger than the limit. */
  static void requireSize(String name, DType dtype, Shape shape, DataLimits limits) {
    if (shape.size() > limits.maxSampleBytes()
        || (dtype != DType.STRING && dtype.bytes(shape.size()) > limits.maxSampleBytes())) {
      throw new DataException(
          Code.LIMIT_EXCEEDED,
          "field '" + name + "'",
          "a sample "
              + dtype
              + shape
              + " is over the limit of "
              + limits.maxSampleBytes()
              + " bytes");
    }
  }

  Tensor tensor(long index) {
    Tensor tensor = array.sample(index);
    if (transform != null) {
      tensor = transform.apply(pixels(tensor), array.name() + ", sample " + index);
    }
    if (tensor.dtype() != field.dtype()) {
      tensor = convert(tensor, field.dtype());
    }
    return tensor.shape().equals(field.shape()) ? tensor : tensor.reshape(field.shape());
  }

  private static Pixels pixels(Tensor tensor) {
    Shape shape = tensor.shape();
    byte[] bytes = tensor.segment().toArray(ValueLayout.JAVA_BYTE);
    if (shape.rank() == 2) {
      return new Pixels((int) shape.dim(1), (int) shape.dim(0), 1, bytes);
    }
    if (isChannels(shape.dim(2))) {
      return new Pixels((int) shape.dim(1), (int) shape.dim(0), (int) shape.dim(2), bytes);
    }
    int channels = (int) shape.dim(0);
    int size = bytes.length / channels;
    byte[] interleaved = new byte[bytes.length];
    for (int c = 0; c < channels; c++) {
      for (int i = 0; i < size; i++) {
        interleaved[i * channels + c] = bytes[c * size + i];
      }
    }
    return new Pixels((int) shape.dim(2), (int) shape.dim(1), channels, interleaved);
  }

  private static Tensor convert(Tensor tensor, DType dtype) {
    Tensor result = Tensor.allocateBriefly(dtype, tensor.shape());
    boolean whole = tensor.dtype().isInteger() && dtype.isInteger();
    for (long i = 0; i < tensor.size(); i++) {
      if (whole) {
        result.setLong(i, tensor.getLong(i));
      } else {
        result.setDouble(i, tensor.getDouble(i));
      }
    }
    return result;
  }
}
