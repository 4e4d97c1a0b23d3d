package io.compresso.evaluate.bench;

import io.compresso.kernel.CorePeak;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/** The least time that the hardware needs for a piece of work. */
@FunctionalInterface
public interface Roof {
  /** On so many cores; empty where it cannot be measured. */
  Optional<Limit> limit(int threads);

  /** What the hardware is busy with for the least time. */
  enum Resource {
    ARITHMETIC("multiply-adds"),
    READING("reads of memory"),
    COPYING("copies of memory");

    private final String text;

    Resource(String text) {
      this.text = text;
    }

    /** A name, in the plural. */
    @Override
    public String toString() {
      return text;
    }
  }

  /** The least time, and what takes it. */
  record Limit(double seconds, Resource resource) {}

  /** Multiply-adds on registers. */
  static Roof arithmetic(long macs, DType factors) {
    return threads -> limit(macs, CorePeak.macsPerSecond(factors), threads, Resource.ARITHMETIC);
  }

  /** Reading bytes once, wherever buffers of that size stay. */
  static Roof reading(long bytes) {
    return threads -> limit(bytes, CorePeak.readBytesPerSecond(bytes), threads, Resource.READING);
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
      return Optional.of(new Limit(Math.max(1, least) / 1e9 / threads, Resource.COPYING));
    };
  }

  /** The higher of two limits. */
  static Roof highest(Roof one, Roof other) {
    return threads ->
        Stream.of(one, other)
            .flatMap(roof -> roof.limit(threads).stream())
            .max((left, right) -> Double.compare(left.seconds, right.seconds));
  }

  private static Optional<Limit> limit(
      long amount, OptionalDouble rate, int threads, Resource resource) {
    return rate.isEmpty()
        ? Optional.empty()
        : Optional.of(new Limit(amount / rate.getAsDouble() / threads, resource));
  }
}
