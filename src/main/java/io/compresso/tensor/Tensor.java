package io.compresso.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A dense row-major tensor. Elements lie off-heap unless they were made to live briefly,
 * little-endian, without padding; elements of less than 8 bits are packed from the low bits up, as
 * ONNX packs them. Strings are kept on the heap.
 *
 * <p>A tensor does not own its segment: whoever made the arena frees it. Those that {@link
 * #allocate(DType, Shape)} makes are freed by the garbage collector.
 */
public final class Tensor implements Value {
  /** Byte alignment of the tensors that are allocated here. */
  public static final long ALIGNMENT = 64;

  private static final long MOST_ON_HEAP = 16 << 20;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final DType dtype;
  private final Shape shape;
  private final MemorySegment segment;
  private final byte @Nullable [] @Nullable [] strings;
  private final boolean collected;

  private Tensor(
      DType dtype, Shape shape, MemorySegment segment, byte @Nullable [] @Nullable [] strings) {
    this(dtype, shape, segment, strings, false);
  }

  private Tensor(
      DType dtype,
      Shape shape,
      MemorySegment segment,
      byte @Nullable [] @Nullable [] strings,
      boolean collected) {
    this.dtype = dtype;
    this.shape = shape;
    this.segment = segment;
    this.strings = strings;
    this.collected = collected;
  }

  /** A zeroed tensor that the garbage collector frees. */
  public static Tensor allocate(DType dtype, Shape shape) {
    Tensor tensor = allocate(Arena.ofAuto(), dtype, shape);
    return new Tensor(dtype, shape, tensor.segment, tensor.strings, dtype != DType.STRING);
  }

  /**
   * A zeroed tensor that is read soon and then forgotten, such as a sample of a data set. It lies
   * on the heap unless it is large, so that the garbage collector sees what it takes.
   */
  public static Tensor allocateBriefly(DType dtype, Shape shape) {
    long bytes = dtype == DType.STRING ? Long.MAX_VALUE : dtype.bytes(shape.size());
    return bytes > MOST_ON_HEAP
        ? allocate(dtype, shape)
        : wrap(dtype, shape, MemorySegment.ofArray(new byte[(int) bytes]));
  }

  /** A zeroed tensor in {@code arena}. */
  public static Tensor allocate(Arena arena, DType dtype, Shape shape) {
    if (dtype == DType.STRING) {
      byte[][] strings = new byte[Math.toIntExact(shape.size())][];
      Arrays.fill(strings, new byte[0]);
      return new Tensor(dtype, shape, MemorySegment.NULL, strings);
    }
    return new Tensor(dtype, shape, arena.allocate(dtype.bytes(shape.size()), ALIGNMENT), null);
  }

  /**
   * A tensor over existing memory.
   *
   * @throws IllegalArgumentException if the segment's size is not the tensor's
   */
  public static Tensor wrap(DType dtype, Shape shape, MemorySegment segment) {
    if (segment.byteSize() != dtype.bytes(shape.size())) {
      throw new IllegalArgumentException(
          "%s%s needs %d bytes, not %d"
              .formatted(dtype, shape, dtype.bytes(shape.size()), segment.byteSize()));
    }
    return new Tensor(dtype, shape, segment, null);
  }

  public static Tensor ofFloats(Shape shape, float... values) {
    return filled(DType.FLOAT, shape, MemorySegment.ofArray(values));
  }

  public static Tensor ofDoubles(Shape shape, double... values) {
    return filled(DType.DOUBLE, shape, MemorySegment.ofArray(values));
  }

  public static Tensor ofLongs(Shape shape, long... values) {
    return filled(DType.INT64, shape, MemorySegment.ofArray(values));
  }

  public static Tensor ofInts(Shape shape, int... values) {
    return filled(DType.INT32, shape, MemorySegment.ofArray(values));
  }

  /** Elements of 8 bits: {@code UINT8}, {@code INT8} or {@code BOOL}. */
  public static Tensor ofBytes(DType dtype, Shape shape, byte... values) {
    return filled(dtype, shape, MemorySegment.ofArray(values));
  }

  public static Tensor ofStrings(Shape shape, List<byte[]> values) {
    if (values.size() != shape.size()) {
      throw new IllegalArgumentException(values.size() + " strings for shape " + shape);
    }
    return new Tensor(DType.STRING, shape, MemorySegment.NULL, values.toArray(new byte[0][]));
  }

  public static Tensor scalar(float value) {
    return ofFloats(Shape.SCALAR, value);
  }

  public static Tensor scalar(long value) {
    return ofLongs(Shape.SCALAR, value);
  }

  private static Tensor filled(DType dtype, Shape shape, MemorySegment values) {
    if (values.byteSize() != dtype.bytes(shape.size())) {
      throw new IllegalArgumentException(
          "%d bytes of values for %s%s".formatted(values.byteSize(), dtype, shape));
    }
    Tensor tensor = allocate(dtype, shape);
    tensor.segment.copyFrom(values);
    return tensor;
  }

  /**
   * Whether the tensor was made by {@link #allocate(DType, Shape)}: its memory is outside of the
   * heap, and nobody can free it while somebody has it.
   */
  public boolean isCollected() {
    return collected;
  }

  public DType dtype() {
    return dtype;
  }

  public Shape shape() {
    return shape;
  }

  /** The number of elements. */
  public long size() {
    return shape.size();
  }

  /** The elements' memory; empty for strings. */
  public MemorySegment segment() {
    return segment;
  }

  /** The bytes that the elements take; for strings the sum of their lengths. */
  public long byteSize() {
    if (strings == null) {
      return segment.byteSize();
    }
    long bytes = 0;
    for (byte[] string : strings) {
      bytes += string == null ? 0 : string.length;
    }
    return bytes;
  }

  /** Element {@code index} of a numeric or boolean tensor. */
  public float getFloat(long index) {
    return dtype == DType.FLOAT ? segment.get(FLOAT, index * 4) : (float) getDouble(index);
  }

  /** Element {@code index} of a numeric or boolean tensor. */
  public double getDouble(long index) {
    return switch (dtype) {
      case FLOAT -> segment.get(FLOAT, index * 4);
      case DOUBLE -> segment.get(DOUBLE, index * 8);
      case FLOAT16, BFLOAT16 -> SmallFloats.decode(dtype, segment.get(SHORT, index * 2));
      case FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ, FLOAT8E8M0 ->
          SmallFloats.decode(dtype, segment.get(ValueLayout.JAVA_BYTE, index));
      case FLOAT4E2M1 -> SmallFloats.decode(dtype, packed(index));
      case UINT64 -> {
        long bits = getLong(index);
        yield bits >= 0 ? bits : (bits >>> 1 | bits & 1) * 2.0;
      }
      default -> getLong(index);
    };
  }

  /** Element {@code index}, floats truncated; of {@code UINT64} the bit pattern. */
  public long getLong(long index) {
    return switch (dtype) {
      case UINT8 -> segment.get(ValueLayout.JAVA_BYTE, index) & 0xFF;
      case INT8 -> segment.get(ValueLayout.JAVA_BYTE, index);
      case BOOL -> segment.get(ValueLayout.JAVA_BYTE, index) == 0 ? 0 : 1;
      case UINT16 -> segment.get(SHORT, index * 2) & 0xFFFF;
      case INT16 -> segment.get(SHORT, index * 2);
      case INT32 -> segment.get(INT, index * 4);
      case UINT32 -> segment.get(INT, index * 4) & 0xFFFF_FFFFL;
      case INT64, UINT64 -> segment.get(LONG, index * 8);
      case UINT4, UINT2 -> packed(index);
      case INT4 -> (packed(index) << 28) >> 28;
      case INT2 -> (packed(index) << 30) >> 30;
      case STRING, COMPLEX64, COMPLEX128 ->
          throw new IllegalStateException(dtype + " has no real elements");
      default -> (long) getDouble(index);
    };
  }

  /** Element {@code index} of a string tensor, UTF-8. */
  public byte[] getString(long index) {
    byte[] string = strings == null ? null : strings[(int) index];
    if (string == null) {
      throw new IllegalStateException(dtype + " has no strings");
    }
    return string;
  }

  /** Sets element {@code index} of a string tensor, UTF-8. */
  public void setString(long index, byte[] value) {
    if (strings == null) {
      throw new IllegalStateException(dtype + " has no strings");
    }
    strings[(int) index] = value;
  }

  public void setFloat(long index, float value) {
    if (dtype == DType.FLOAT) {
      segment.set(FLOAT, index * 4, value);
    } else {
      setDouble(index, value);
    }
  }

  /** Sets element {@code index}; integers take the value truncated to their bits. */
  public void setDouble(long index, double value) {
    switch (dtype) {
      case FLOAT -> segment.set(FLOAT, index * 4, (float) value);
      case DOUBLE -> segment.set(DOUBLE, index * 8, value);
      case FLOAT16, BFLOAT16 ->
          segment.set(SHORT, index * 2, (short) SmallFloats.encode(dtype, (float) value));
      case FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ, FLOAT8E8M0 ->
          segment.set(
              ValueLayout.JAVA_BYTE, index, (byte) SmallFloats.encode(dtype, (float) value));
      case FLOAT4E2M1 -> pack(index, SmallFloats.encode(dtype, (float) value));
      case UINT64 -> setLong(index, value < 0x1p63 ? (long) value : ((long) (value / 2) << 1));
      default -> setLong(index, (long) value);
    }
  }

  /** Sets element {@code index}, the value truncated to the type's bits. */
  public void setLong(long index, long value) {
    switch (dtype) {
      case UINT8, INT8 -> segment.set(ValueLayout.JAVA_BYTE, index, (byte) value);
      case BOOL -> segment.set(ValueLayout.JAVA_BYTE, index, (byte) (value == 0 ? 0 : 1));
      case UINT16, INT16 -> segment.set(SHORT, index * 2, (short) value);
      case INT32, UINT32 -> segment.set(INT, index * 4, (int) value);
      case INT64, UINT64 -> segment.set(LONG, index * 8, value);
      case UINT4, INT4, UINT2, INT2 -> pack(index, (int) value);
      case STRING, COMPLEX64, COMPLEX128 ->
          throw new IllegalStateException(dtype + " has no real elements");
      default -> setDouble(index, value);
    }
  }

  private int packed(long index) {
    long bit = index * dtype.bits();
    int mask = (1 << dtype.bits()) - 1;
    return segment.get(ValueLayout.JAVA_BYTE, bit >> 3) >> (bit & 7) & mask;
  }

  private void pack(long index, int value) {
    long bit = index * dtype.bits();
    int mask = (1 << dtype.bits()) - 1;
    int shift = (int) (bit & 7);
    int old = segment.get(ValueLayout.JAVA_BYTE, bit >> 3);
    segment.set(
        ValueLayout.JAVA_BYTE, bit >> 3, (byte) (old & ~(mask << shift) | (value & mask) << shift));
  }

  /** The elements as floats, in row-major order. */
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(size())];
    if (dtype == DType.FLOAT) {
      MemorySegment.copy(segment, FLOAT, 0, values, 0, values.length);
    } else {
      for (int i = 0; i < values.length; i++) {
        values[i] = getFloat(i);
      }
    }
    return values;
  }

  /** The elements as longs, in row-major order. */
  public long[] toLongs() {
    long[] values = new long[Math.toIntExact(size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = getLong(i);
    }
    return values;
  }

  /** The same elements, shared, under another shape of as many. */
  public Tensor reshape(Shape newShape) {
    if (newShape.size() != size()) {
      throw new IllegalArgumentException("cannot reshape " + shape + " to " + newShape);
    }
    return new Tensor(dtype, newShape, segment, strings);
  }

  /** A copy that the garbage collector frees. */
  public Tensor copy() {
    if (strings != null) {
      return new Tensor(dtype, shape, segment, strings.clone());
    }
    Tensor copy = allocate(dtype, shape);
    copy.segment.copyFrom(segment);
    return copy;
  }

  /** The type and shape, for messages; not the elements. */
  @Override
  public String toString() {
    return dtype.toString() + shape;
  }
}
