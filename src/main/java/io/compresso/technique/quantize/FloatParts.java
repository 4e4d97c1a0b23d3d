package io.compresso.technique.quantize;

import io.compresso.kernel.Workers;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Goes over the elements of float tensors on all processors, part by part. How a tensor is divided
 * follows from its size alone, so that what is summed up by part and then over the parts is the
 * same on every machine.
 */
final class FloatParts {
  /** Elements that are loaded at a time. */
  static final int BLOCK = 4096;

  private static final long PART = 1 << 16;
  private static final int MOST = 16;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt BITS =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ThreadLocal<float[]> FLOATS =
      ThreadLocal.withInitial(() -> new float[BLOCK]);
  private static final ThreadLocal<int[]> INTS = ThreadLocal.withInitial(() -> new int[BLOCK]);

  private FloatParts() {}

  /** Does one part; parts may be done at the same time. */
  @FunctionalInterface
  interface Task {
    /** Goes over the groups {@code from} to {@code to - 1}. */
    void run(int part, long from, long to);
  }

  /** The number of parts of a tensor of so many elements. */
  static int count(long elements) {
    return (int) Math.clamp(elements / PART, 1, MOST);
  }

  /**
   * Runs {@code task} for all {@link #count parts}.
   *
   * @param groups what is divided: groups of equally many elements
   */
  static void run(long elements, long groups, Task task) {
    int parts = count(elements);
    Workers workers = Workers.shared();
    workers.run(
        parts,
        workers.size(),
        part -> task.run(part, groups * part / parts, groups * (part + 1) / parts));
  }

  /** The elements as floats in memory: the tensor's own where it holds floats. */
  static MemorySegment of(Tensor tensor) {
    return tensor.dtype() == DType.FLOAT
        ? tensor.segment()
        : MemorySegment.ofArray(tensor.toFloats());
  }

  /** An array of this thread, of at least {@code size} elements. */
  static float[] floats(int size) {
    float[] own = FLOATS.get();
    if (own.length < size) {
      own = new float[size];
      FLOATS.set(own);
    }
    return own;
  }

  /** An array of this thread, of at least {@code size} elements. */
  static int[] ints(int size) {
    int[] own = INTS.get();
    if (own.length < size) {
      own = new int[size];
      INTS.set(own);
    }
    return own;
  }

  static void load(MemorySegment values, long from, float[] to, int count) {
    MemorySegment.copy(values, FLOAT, from * 4, to, 0, count);
  }

  /** Loads the bits of floats. */
  static void load(MemorySegment values, long from, int[] to, int count) {
    MemorySegment.copy(values, BITS, from * 4, to, 0, count);
  }
}
