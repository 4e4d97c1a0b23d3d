package io.compresso.tensor;

/**
 * The element type and shape of a tensor, without data.
 *
 * @param dtype any type but strings, which have no size in bytes
 */
public record TensorSpec(DType dtype, Shape shape) {
  /** Of an existing tensor. */
  public static TensorSpec of(Tensor tensor) {
    return new TensorSpec(tensor.dtype(), tensor.shape());
  }

  /** The bytes that the elements take. */
  public long bytes() {
    return dtype.bytes(shape.size());
  }

  @Override
  public String toString() {
    return dtype.toString() + shape;
  }
}
