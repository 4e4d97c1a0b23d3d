package io.compresso.kernel.jit.x86;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.ZeroedMemory;
import io.compresso.kernel.panel.Blocks;
import io.compresso.kernel.panel.Blocks.Product;
import io.compresso.kernel.panel.ConvPlanes;
import io.compresso.kernel.panel.PanelProduct;
import io.compresso.kernel.panel.PanelShape;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import io.compresso.kernel.panel.PanelShape.Left;
import io.compresso.kernel.panel.PanelShape.Panel;
import io.compresso.kernel.panel.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A prepared 8-bit convolution: signed filters {@code [o][c/4][kernel][4]} times unsigned planes of
 * four channels an element, see {@link ConvPlanes}.
 */
final class Int8ConvRun implements PreparedKernel {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final int MOST_COLUMNS = 512;
  private static final int MOST_TILES_OF_ROWS = 8;
  private static final long LEAST_COPY = 1 << 12;
  private static final long LEAST_MACS = 1 << 18;

  private final KernelSpec spec;
  private final ConvProblem problem;
  private final ConvPlanes planes;
  private final int quads;
  private final int depth;
  private final Blocks blocks;
  private final boolean inPlace;
  private final PanelProduct product;
  private final Requantizer requantizer;
  private final QuadFiller filler;
  private final Arena arena = Arena.ofShared();
  private final @Nullable MemorySegment filters;

  Int8ConvRun(KernelSpec spec, ConvProblem problem, Weights weights, VectorSet set) {
    this.spec = spec;
    this.problem = problem;
    this.planes = new ConvPlanes(problem);
    this.quads = Math.ceilDiv(problem.channels().inPerGroup(), 4);
    this.depth = quads * planes.taps().size();
    PanelProduct.Factory factory = JitPanel.factory(Factors.SIGNED_BY_UNSIGNED, set);
    int grain = spec.tile().rows();
    this.blocks =
        Blocks.of(
                new Product(
                    problem.channels().outPerGroup(), planes.columns(), depth, Integer.BYTES),
                grain,
                factory.width(),
                Workers.shared().size())
            .withColumnsAtMost(MOST_COLUMNS)
            .withRowsAtMost(MOST_TILES_OF_ROWS * grain);
    long outputStride = planes.dense() ? problem.outputArea() : blocks.columnsPerBlock();
    this.requantizer =
        new Requantizer(
            set, problem, weights, BiasAxis.ROWS, blocks.columnsPerBlock(), outputStride);
    this.inPlace = requantizer.isIdentity() && planes.dense();
    Panel panel = new Panel(quads, planes.channelStride(), planes.taps(), factory.width(), false);
    this.product =
        factory.create(
            new PanelShape(
                new Left(depth, 1),
                panel,
                inPlace ? problem.outputArea() : blocks.columnsPerBlock(),
                BiasAxis.ROWS,
                Epilogue.NONE));
    this.filler = new QuadFiller(problem, planes, set);
    MemorySegment data = weights.data();
    if (data == null) {
      filters = null;
    } else {
      filters = ZeroedMemory.allocate(arena, filterBytes(), 64);
      pack(data, filters);
    }
  }

  /** Bytes of the filters, of a filter of ones, and of the sums of the filters. */
  private long filterBytes() {
    return 4L * (problem.channels().out() + 1) * depth + 4L * problem.channels().out();
  }

  private long onesAt() {
    return 4L * problem.channels().out() * depth;
  }

  private void pack(MemorySegment data, MemorySegment target) {
    target.fill((byte) 0);
    int flip = Requantizer.weightFlip(problem);
    int perGroup = problem.channels().inPerGroup();
    int taps = planes.taps().size();
    long from = 0;
    for (int o = 0; o < problem.channels().out(); o++) {
      int sum = 0;
      for (int c = 0; c < perGroup; c++) {
        for (int tap = 0; tap < taps; tap++) {
          byte value = (byte) (data.get(BYTE, from++) ^ flip);
          sum += value;
          target.set(BYTE, 4 * ((long) o * depth + (c >> 2) * taps + tap) + (c & 3), value);
        }
      }
      target.set(INT, onesAt() + 4L * depth + 4L * o, sum);
    }
    for (int c = 0; c < perGroup; c++) {
      for (int tap = 0; tap < taps; tap++) {
        target.set(BYTE, onesAt() + 4 * ((long) (c >> 2) * taps + tap) + (c & 3), (byte) 1);
      }
    }
  }

  @Override
  public ConvProblem problem() {
    return problem;
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  /** The memory of one run: factors, and what belongs to the channels. */
  private record Buffers(
      Operands operands,
      MemorySegment filters,
      MemorySegment planes,
      MemorySegment starts,
      MemorySegment constants) {}

  @Override
  public void run(Operands operands, int threads) {
    operands.require(problem, filters != null);
    if (problem.outputBytes() == 0) {
      return;
    }
    int channels = problem.channels().out();
    long planeBytes = 4L * problem.channels().groups() * quads * planes.channelStride();
    try (Scratch given = Scratch.of(filters != null ? 0 : filterBytes());
        Scratch filled = Scratch.of(planeBytes);
        Scratch starts = Scratch.of(4L * channels);
        Scratch constants = Scratch.of(requantizer.constantBytes())) {
      if (filters == null) {
        pack(Objects.requireNonNull(operands.second()), given.segment());
      }
      MemorySegment a = filters != null ? filters : given.segment();
      int zeroPoint = requantizer.inputZeroPoint(operands.inputZeroPoint());
      for (int o = 0; o < channels; o++) {
        int sum = a.get(INT, onesAt() + 4L * depth + 4L * o);
        int start = requantizer.startOfSum(o, zeroPoint, sum, (int) problem.depth());
        starts.segment().setAtIndex(INT, o, start);
      }
      requantizer.constants(operands.inputScale(), constants.segment());
      Buffers buffers =
          new Buffers(operands, a, filled.segment(), starts.segment(), constants.segment());
      for (int image = 0; image < problem.batch(); image++) {
        fill(buffers, image, (byte) zeroPoint, threads);
        multiply(buffers, image, threads);
      }
    }
  }

  private void fill(Buffers buffers, int image, byte padding, int threads) {
    int count = problem.channels().groups() * quads;
    long first = image * problem.channels().in() * problem.inputArea();
    int perChunk = perChunk(count, planes.channelStride(), LEAST_COPY);
    Workers.shared()
        .run(
            Math.ceilDiv(count, perChunk),
            threads,
            chunk -> {
              int end = Math.min(count, (chunk + 1) * perChunk);
              for (int i = chunk * perChunk; i < end; i++) {
                filler.fill(buffers.operands().input(), first, i, padding, buffers.planes());
              }
            });
  }

  /** How many of {@code count} pieces of work make a chunk of at least {@code least}. */
  private static int perChunk(int count, long work, long least) {
    return (int) Math.clamp(least / Math.max(1, work), 1, Math.max(1, count));
  }

  private void multiply(Buffers buffers, int image, int threads) {
    int count = Math.multiplyExact(problem.channels().groups(), blocks.count());
    long macs = problem.macs() / problem.batch() / Math.max(1, count);
    int perChunk = perChunk(count, macs, LEAST_MACS);
    Workers.shared()
        .run(
            Math.ceilDiv(count, perChunk),
            threads,
            chunk -> {
              int end = Math.min(count, (chunk + 1) * perChunk);
              for (int i = chunk * perChunk; i < end; i++) {
                multiply(buffers, image, i / blocks.count(), i % blocks.count());
              }
            });
  }

  private void multiply(Buffers buffers, int image, int group, int block) {
    int row = blocks.firstRow(block);
    int rows = blocks.rowsOf(block);
    int column = blocks.firstColumn(block);
    int columns = blocks.columnsOf(block);
    int channel = group * problem.channels().outPerGroup() + row;
    MemorySegment a = buffers.filters().asSlice(4L * channel * depth);
    long plane = group * quads * planes.channelStride();
    MemorySegment b = buffers.planes().asSlice(4 * (plane + column));
    MemorySegment starts = buffers.starts().asSlice(4L * channel);
    int outputBytes = problem.types().output().bits() / 8;
    MemorySegment output = buffers.operands().output();
    long first = ((long) image * problem.channels().out() + channel) * problem.outputArea();
    if (inPlace) {
      product.multiply(a, b, output.asSlice(4 * (first + column)), starts, rows, columns);
      return;
    }
    long stride = blocks.columnsPerBlock();
    try (Scratch sums = Scratch.of(4 * rows * stride);
        Scratch results = Scratch.of(planes.dense() ? 0 : outputBytes * rows * stride);
        Scratch cross = Scratch.of(requantizer.crosses() ? 4 * stride : 0)) {
      product.multiply(a, b, sums.segment(), starts, rows, columns);
      if (requantizer.crosses()) {
        sumWindows(buffers, b, cross.segment(), columns);
      }
      MemorySegment target =
          planes.dense() ? output.asSlice(outputBytes * (first + column)) : results.segment();
      requantizer.apply(
          sums.segment(),
          cross.segment(),
          target,
          buffers.constants().asSlice(4L * channel),
          rows,
          columns);
      if (!planes.dense()) {
        planes.forEachRun(
            column,
            columns,
            (at, number, length) -> {
              for (int i = 0; i < rows; i++) {
                MemorySegment.copy(
                    target,
                    outputBytes * (i * stride + at),
                    output,
                    outputBytes * (first + i * problem.outputArea() + number),
                    (long) outputBytes * length);
              }
            });
      }
    }
  }

  private void sumWindows(Buffers buffers, MemorySegment b, MemorySegment target, int columns) {
    try (Scratch zero = Scratch.of(4)) {
      zero.segment().set(INT, 0, 0);
      MemorySegment ones = buffers.filters().asSlice(onesAt(), 4L * depth);
      product.multiply(ones, b, target, zero.segment(), 1, columns);
    }
  }

  @Override
  public void close() {
    product.close();
    requantizer.close();
    filler.close();
    arena.close();
  }
}
