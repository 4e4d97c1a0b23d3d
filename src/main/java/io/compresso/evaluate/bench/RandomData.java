package io.compresso.evaluate.bench;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.SplittableRandom;

/** Seeded random tensors: floats from -0.5 to 0.5, all bytes. */
final class RandomData {
  private RandomData() {}

  /** A tensor of so many bytes. */
  static Tensor bytes(DType dtype, long bytes, long seed) {
    return of(dtype, Shape.of(bytes * 8 / dtype.bits()), seed);
  }

  static Tensor of(DType dtype, Shape shape, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Tensor tensor = Tensor.allocate(dtype, shape);
    for (long i = 0; i < tensor.size(); i++) {
      if (dtype.isFloat()) {
        tensor.setFloat(i, (float) random.nextDouble() - 0.5f);
      } else {
        tensor.setLong(i, random.nextInt(256));
      }
    }
    return tensor;
  }
}
