package io.compresso.evaluate.bench;

import io.compresso.kernel.CorePeak;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.OptionalDouble;

/** The least time that the hardware needs for a piece of work. */
@FunctionalInterface
public interface Roof {
  /** Seconds on so many cores; empty where it cannot be measured. */
  OptionalDouble seconds(int threads);

  /** Multiply-adds on registers. */
  static Roof arithmetic(long macs, DType factors) {
    return threads -> {
      OptionalDouble rate = CorePeak.macsPerSecond(factors);
      return rate.isEmpty()
          ? OptionalDouble.empty()
          : OptionalDouble.of(macs / rate.getAsDouble() / threads);
    };
  }

  /** Reading bytes once, wherever buffers of that size stay. */
  static Roof reading(long bytes) {
    return threads -> {
      OptionalDouble rate = CorePeak.readBytesPerSecond(bytes);
      return rate.isEmpty()
          ? OptionalDouble.empty()
          : OptionalDouble.of(bytes / rate.getAsDouble() / threads);
    };
  }

  /** Reading so many bytes and writing so many, as a copy does. */
  static Roof copying(long read, long written) {
    long each = Math.max(1, (read + written) / 2);
    return threads -> {
      Tensor source = Tensor.allocate(DType.INT8, Shape.of(each));
      Tensor target = Tensor.allocate(DType.INT8, Shape.of(each));
      long least = Long.MAX_VALUE;
      for (int i = 0; i < 50; i++) {
        long start = System.nanoTime();
        target.segment().copyFrom(source.segment());
        least = Math.min(least, System.nanoTime() - start);
      }
      return OptionalDouble.of(Math.max(1, least) / 1e9 / threads);
    };
  }
}
