package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Workers;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.x86.StageCode.Strides;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;

/**
 * Copies the rows of a left operand to where tile code can read them: floats of 16 bits as floats
 * of 32, signed bytes moved by 128, and rows apart from one another so that they do not compete for
 * the same lines of the cache.
 */
final class RowStage implements AutoCloseable {
  private static final int LINE = 64;
  private static final int ALIASING = 4096;
  private static final int LEAST_BYTES_PER_CHUNK = 1 << 15;

  private final DType type;
  private final boolean widens;
  private final int flip;
  private final boolean transposed;
  private final int rows;
  private final int columns;
  private final long rowBytes;
  private final CodeCache.Lease code;

  /**
   * @param type the elements: bytes or floats
   * @param widens whether floats of 16 bits become floats of 32
   * @param flip what each byte is combined with, exclusive or
   * @param transposed whether rows of the copy are columns of the source
   * @param rows rows of the copy
   * @param columns elements of a row of the copy
   */
  RowStage(VectorSet set, Conversion conversion, boolean transposed, int rows, int columns) {
    this.type = conversion.type();
    this.widens = conversion.change() == Change.WIDENED;
    this.flip = conversion.flip();
    this.transposed = transposed;
    this.rows = rows;
    this.columns = columns;
    this.rowBytes =
        rowBytes(
            switch (conversion.change()) {
              case NONE -> type.bytes(columns);
              case WIDENED -> 4L * columns;
              case QUANTIZED -> columns;
            });
    if (conversion.change() == Change.QUANTIZED) {
      QuantizeRowsCode quantize = new QuantizeRowsCode(set, columns, rowBytes, flip);
      this.code = CodeCache.lease(quantize, quantize::generate);
      return;
    }
    StageCode stage =
        new StageCode(set, type, widens, flip, columns, new Strides(type.bytes(columns), rowBytes));
    this.code = CodeCache.lease(stage, stage::generate);
  }

  /** What becomes of elements. */
  record Conversion(DType type, Change change, int flip) {}

  /** How the type of elements changes. */
  enum Change {
    NONE,
    /** Floats of 16 bits become floats of 32. */
    WIDENED,
    /** Rows of floats are quantized, see {@link QuantizeRowsCode}. */
    QUANTIZED
  }

  /** The distance of the copy's rows of so many bytes: whole lines that do not alias. */
  static long rowBytes(long bytes) {
    long lines = Math.max(LINE, Math.ceilDiv(bytes, LINE) * LINE);
    return lines % ALIASING == 0 ? lines + LINE : lines;
  }

  /** Whether rows that far apart compete for the same lines of the cache. */
  static boolean aliases(long bytes) {
    return bytes % ALIASING == 0;
  }

  /** Bytes from one row of the copy to the next. */
  long rowBytes() {
    return rowBytes;
  }

  /** Bytes of the copy. */
  long bytes() {
    return rows * rowBytes;
  }

  /** Copies for one run at a time; makes no objects then. */
  final class Copier {
    private final int threads;
    private final int rowsPerChunk;
    private final int chunks;
    private final Workers.ChunkTask task = this::chunk;
    private MemorySegment source = MemorySegment.NULL;
    private MemorySegment target = MemorySegment.NULL;
    private MemorySegment terms = MemorySegment.NULL;

    /**
     * @param threads at most so many threads take part
     */
    Copier(int threads) {
      this.threads = threads;
      boolean alone = bytes() < 2 * LEAST_BYTES_PER_CHUNK;
      this.rowsPerChunk =
          alone
              ? Math.max(1, rows)
              : (int) Math.clamp(LEAST_BYTES_PER_CHUNK / rowBytes, 1, Math.ceilDiv(rows, threads));
      this.chunks = Math.ceilDiv(rows, rowsPerChunk);
    }

    /**
     * Copies.
     *
     * @param to memory of {@link #bytes()} bytes or more
     * @param rowTerms {@link RowTerms}, whose scales are written when rows are quantized
     */
    void copy(MemorySegment from, MemorySegment to, MemorySegment rowTerms) {
      if (rows == 0 || columns == 0) {
        return;
      }
      source = from;
      target = to;
      terms = rowTerms;
      Workers.shared().run(chunks, threads, task);
      Reference.reachabilityFence(this);
    }

    private void chunk(int chunk) {
      int first = chunk * rowsPerChunk;
      int count = Math.min(rowsPerChunk, rows - first);
      if (transposed) {
        transpose(source, target, first, count);
        return;
      }
      NativeCall.block(
          code.entry(),
          source.address() + type.bytes((long) first * columns),
          0,
          target.address() + first * rowBytes,
          terms.address() + (long) first * RowTerms.BYTES,
          count,
          0,
          0);
    }
  }

  private void transpose(MemorySegment source, MemorySegment target, int first, int count) {
    for (int i = first; i < first + count; i++) {
      long to = i * rowBytes;
      for (long at = 0; at < rowBytes; at += 8) {
        target.set(ValueLayout.JAVA_LONG_UNALIGNED, to + at, 0);
      }
      for (int p = 0; p < columns; p++) {
        long from = (long) p * rows + i;
        switch (type) {
          case UINT8, INT8 -> {
            byte value = source.get(ValueLayout.JAVA_BYTE, from);
            target.set(ValueLayout.JAVA_BYTE, to + p, (byte) (value ^ flip));
          }
          case FLOAT ->
              target.set(
                  ValueLayout.JAVA_FLOAT_UNALIGNED,
                  to + 4L * p,
                  source.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * from));
          default -> {
            short bits = source.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * from);
            if (widens) {
              float value =
                  type == DType.FLOAT16
                      ? Float.float16ToFloat(bits)
                      : Float.intBitsToFloat(bits << 16);
              target.set(ValueLayout.JAVA_FLOAT_UNALIGNED, to + 4L * p, value);
            } else {
              target.set(ValueLayout.JAVA_SHORT_UNALIGNED, to + 2L * p, bits);
            }
          }
        }
      }
    }
  }

  @Override
  public void close() {
    code.close();
  }
}
