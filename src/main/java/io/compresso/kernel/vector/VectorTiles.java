package io.compresso.kernel.vector;

import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.PortablePadder;
import io.compresso.kernel.nhwc.RowPadder;
import io.compresso.kernel.nhwc.Split;
import io.compresso.kernel.nhwc.TileBackend;
import io.compresso.kernel.nhwc.TileKernel;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.kernel.nhwc.Window.Loop;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * Tiles of up to four pixels of one vector of channels. The pixels that a tile lacks are computed
 * from its last one.
 *
 * @param arithmetic {@link Arithmetic#FLOATS} or {@link Arithmetic#WIDENED_BYTES}
 */
record VectorTiles(Arithmetic arithmetic, boolean depthwise) implements TileBackend {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final int PIXELS = 4;
  private static final int VECTOR_BYTES = 4 * LANES;

  @Override
  public int lanes() {
    return LANES;
  }

  @Override
  public int mostVectors() {
    return 1;
  }

  @Override
  public int mostPixels(int vectors) {
    return PIXELS;
  }

  @Override
  public TileKernel tiles(TileShape shape) {
    return new Tiles(shape);
  }

  @Override
  public RowPadder padder(RowPadder.Shape shape) {
    return new PortablePadder(shape);
  }

  private static final class Tiles implements TileKernel {
    private final TileShape shape;
    private final TileResults results;
    private final long[] steps;

    Tiles(TileShape shape) {
      this.shape = shape;
      this.results = new TileResults(shape, LANES);
      this.steps = new long[Math.toIntExact(shape.window().totalSteps())];
      fill(shape.window().loops(), 0, 0, 0);
    }

    /** Writes the distances of all steps of a sum; returns how many are written. */
    private int fill(List<Loop> loops, int level, int index, long distance) {
      int next = index;
      if (level == loops.size()) {
        for (int step = 0; step < shape.window().steps(); step++) {
          steps[next++] = distance + step * shape.window().stepBytes();
        }
        return next;
      }
      for (int i = 0; i < loops.get(level).count(); i++) {
        next = fill(loops, level + 1, next, distance + i * loops.get(level).bytes());
      }
      return next;
    }

    @Override
    public void run(
        Memory memory,
        MemorySegment wholeInput,
        long inputAt,
        long filtersAt,
        long constantsAt,
        long outputAt,
        int tileRows,
        int panels) {
      MemorySegment input = wholeInput.asSlice(inputAt);
      MemorySegment filters = memory.filters().asSlice(filtersAt);
      MemorySegment constants = memory.constants().asSlice(constantsAt);
      MemorySegment output = memory.output().asSlice(outputAt);
      MemorySegment residual =
          memory.residual() == null ? null : memory.residual().asSlice(outputAt);
      int channels = shape.tail() == 0 ? LANES : shape.tail();
      for (int panel = 0; panel < panels; panel++) {
        long filter = (long) panel * steps.length * VECTOR_BYTES;
        long constant = (long) panel * TileShape.CONSTANT_VECTORS * VECTOR_BYTES;
        long channel = (long) panel * LANES;
        long vector = shape.depthwise() ? channel * shape.arithmetic().elementBytes() : 0;
        Panel job =
            new Panel(
                input,
                filters.asSlice(filter, (long) steps.length * VECTOR_BYTES),
                constants.asSlice(constant),
                output,
                residual,
                channels);
        for (int row = 0; row < tileRows; row++) {
          long in = vector + row * shape.rows() * shape.window().rowBytes();
          long out =
              channel * shape.output().elementBytes()
                  + row * shape.rows() * shape.output().rowBytes();
          Split columns = shape.columns();
          for (int part = 0; part < columns.parts(); part++) {
            int start = columns.start(part);
            job.tile(
                in + start * shape.window().columnBytes(),
                out + start * shape.output().pixelBytes(),
                columns.start(part + 1) - start);
          }
        }
      }
    }

    @Override
    public void close() {}

    /** One panel of a run. */
    private final class Panel {
      private final MemorySegment input;
      private final MemorySegment filters;
      private final MemorySegment constants;
      private final MemorySegment output;
      private final @Nullable MemorySegment residual;
      private final int channels;
      private final long[] starts = new long[PIXELS];
      private final float[] floats = new float[PIXELS * LANES];
      private final int[] ints = new int[PIXELS * LANES];

      Panel(
          MemorySegment input,
          MemorySegment filters,
          MemorySegment constants,
          MemorySegment output,
          @Nullable MemorySegment residual,
          int channels) {
        this.input = input;
        this.filters = filters;
        this.constants = constants;
        this.output = output;
        this.residual = residual;
        this.channels = channels;
      }

      void tile(long in, long out, int columns) {
        int pixels = shape.rows() * columns;
        for (int i = 0; i < PIXELS; i++) {
          int pixel = Math.min(i, pixels - 1);
          starts[i] =
              in
                  + pixel / columns * shape.window().rowBytes()
                  + pixel % columns * shape.window().columnBytes();
        }
        boolean integer = shape.arithmetic().isInteger();
        if (shape.depthwise()) {
          if (integer) {
            depthwiseBytes();
          } else {
            depthwiseFloats();
          }
        } else if (integer) {
          sumBytes();
        } else {
          sumFloats();
        }
        for (int pixel = 0; pixel < pixels; pixel++) {
          long at =
              out
                  + pixel / columns * shape.output().rowBytes()
                  + pixel % columns * shape.output().pixelBytes();
          if (integer) {
            results.store(ints, pixel * LANES, channels, constants, output, residual, at);
          } else {
            results.store(floats, pixel * LANES, channels, output, residual, at);
          }
        }
      }

      private void sumFloats() {
        FloatVector s0 = FloatVector.fromMemorySegment(FLOATS, constants, 0, ORDER);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        long filter = 0;
        for (long step : steps) {
          FloatVector w = FloatVector.fromMemorySegment(FLOATS, filters, filter, ORDER);
          s0 = w.fma(FloatVector.broadcast(FLOATS, input.get(FLOAT, starts[0] + step)), s0);
          s1 = w.fma(FloatVector.broadcast(FLOATS, input.get(FLOAT, starts[1] + step)), s1);
          s2 = w.fma(FloatVector.broadcast(FLOATS, input.get(FLOAT, starts[2] + step)), s2);
          s3 = w.fma(FloatVector.broadcast(FLOATS, input.get(FLOAT, starts[3] + step)), s3);
          filter += VECTOR_BYTES;
        }
        keep(s0, s1, s2, s3);
      }

      private void depthwiseFloats() {
        FloatVector s0 = FloatVector.fromMemorySegment(FLOATS, constants, 0, ORDER);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        long filter = 0;
        for (long step : steps) {
          FloatVector w = FloatVector.fromMemorySegment(FLOATS, filters, filter, ORDER);
          s0 = w.fma(FloatVector.fromMemorySegment(FLOATS, input, starts[0] + step, ORDER), s0);
          s1 = w.fma(FloatVector.fromMemorySegment(FLOATS, input, starts[1] + step, ORDER), s1);
          s2 = w.fma(FloatVector.fromMemorySegment(FLOATS, input, starts[2] + step, ORDER), s2);
          s3 = w.fma(FloatVector.fromMemorySegment(FLOATS, input, starts[3] + step, ORDER), s3);
          filter += VECTOR_BYTES;
        }
        keep(s0, s1, s2, s3);
      }

      private void keep(FloatVector s0, FloatVector s1, FloatVector s2, FloatVector s3) {
        s0.intoArray(floats, 0);
        s1.intoArray(floats, LANES);
        s2.intoArray(floats, 2 * LANES);
        s3.intoArray(floats, 3 * LANES);
      }

      private void sumBytes() {
        IntVector s0 = IntVector.fromMemorySegment(INTS, constants, 0, ORDER);
        IntVector s1 = s0;
        IntVector s2 = s0;
        IntVector s3 = s0;
        long filter = 0;
        for (long step : steps) {
          IntVector w = IntVector.fromMemorySegment(INTS, filters, filter, ORDER);
          s0 = s0.add(w.mul(input.get(BYTE, starts[0] + step) & 0xFF));
          s1 = s1.add(w.mul(input.get(BYTE, starts[1] + step) & 0xFF));
          s2 = s2.add(w.mul(input.get(BYTE, starts[2] + step) & 0xFF));
          s3 = s3.add(w.mul(input.get(BYTE, starts[3] + step) & 0xFF));
          filter += VECTOR_BYTES;
        }
        keep(s0, s1, s2, s3);
      }

      private void depthwiseBytes() {
        IntVector s0 = IntVector.fromMemorySegment(INTS, constants, 0, ORDER);
        IntVector s1 = s0;
        IntVector s2 = s0;
        IntVector s3 = s0;
        long filter = 0;
        for (long step : steps) {
          IntVector w = IntVector.fromMemorySegment(INTS, filters, filter, ORDER);
          s0 = s0.add(w.mul(bytes(starts[0] + step)));
          s1 = s1.add(w.mul(bytes(starts[1] + step)));
          s2 = s2.add(w.mul(bytes(starts[2] + step)));
          s3 = s3.add(w.mul(bytes(starts[3] + step)));
          filter += VECTOR_BYTES;
        }
        keep(s0, s1, s2, s3);
      }

      private IntVector bytes(long at) {
        ByteVector values = ByteVector.fromMemorySegment(Bytes.SPECIES, input, at, ORDER);
        return (IntVector) values.convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
      }

      private void keep(IntVector s0, IntVector s1, IntVector s2, IntVector s3) {
        s0.intoArray(ints, 0);
        s1.intoArray(ints, LANES);
        s2.intoArray(ints, 2 * LANES);
        s3.intoArray(ints, 3 * LANES);
      }
    }
  }

  /** Bytes, one for each lane. */
  private static final class Bytes {
    static final VectorSpecies<Byte> SPECIES =
        VectorSpecies.of(byte.class, VectorShape.forBitSize(8 * LANES));
  }
}
