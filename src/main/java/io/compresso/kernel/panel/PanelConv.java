package io.compresso.kernel.panel;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import io.compresso.kernel.panel.PanelShape.Left;
import io.compresso.kernel.panel.PanelShape.Panel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A float convolution over NCHW as products of filters with the planes of {@link ConvPlanes}: no
 * matrix of windows is ever made.
 */
public final class PanelConv implements PreparedKernel {
  private static final int MOST_COPIED_COLUMNS = 512;
  private static final long LEAST_COPY = 1 << 14;

  private final KernelSpec spec;
  private final ConvProblem problem;
  private final ConvPlanes planes;
  private final Blocks blocks;
  private final PanelProduct product;
  private final Arena arena = Arena.ofShared();
  private final @Nullable MemorySegment weights;
  private final MemorySegment bias;

  public PanelConv(
      KernelSpec spec, ConvProblem problem, Weights weights, PanelProduct.Factory factory) {
    this.spec = spec;
    this.problem = problem;
    this.planes = new ConvPlanes(problem);
    int depth = Math.toIntExact(problem.depth());
    Blocks even =
        Blocks.of(
            problem.channels().outPerGroup(),
            planes.columns(),
            depth,
            spec.tile().rows(),
            factory.width(),
            Workers.shared().size());
    this.blocks = planes.dense() ? even : even.withColumnsAtMost(MOST_COPIED_COLUMNS);
    long outputStride = planes.dense() ? problem.outputArea() : blocks.columnsPerBlock();
    BiasAxis axis = problem.epilogue().bias() ? BiasAxis.ROWS : BiasAxis.NONE;
    Panel panel =
        new Panel(
            problem.channels().inPerGroup(),
            planes.channelStride(),
            planes.taps(),
            factory.width(),
            false);
    this.product =
        factory.create(
            new PanelShape(new Left(depth, 1), panel, outputStride, axis, problem.epilogue()));
    this.weights = copy(weights.data());
    this.bias =
        problem.epilogue().bias()
            ? Objects.requireNonNull(copy(weights.bias()))
            : MemorySegment.NULL;
  }

  private @Nullable MemorySegment copy(@Nullable MemorySegment segment) {
    return segment == null ? null : arena.allocate(segment.byteSize(), 64).copyFrom(segment);
  }

  @Override
  public ConvProblem problem() {
    return problem;
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public void run(Operands operands, int threads) {
    operands.require(problem, weights != null);
    if (problem.outputBytes() == 0) {
      return;
    }
    MemorySegment filters = weights != null ? weights : Objects.requireNonNull(operands.weights());
    long inputBytes = problem.inputBytes() / problem.batch();
    long outputBytes = problem.outputBytes() / problem.batch();
    for (int image = 0; image < problem.batch(); image++) {
      MemorySegment input = operands.input().asSlice(image * inputBytes, inputBytes);
      MemorySegment output = operands.output().asSlice(image * outputBytes, outputBytes);
      if (planes.direct()) {
        multiply(filters, input, output, threads);
      } else {
        try (Scratch scratch = Scratch.of(4 * problem.channels().in() * planes.channelStride())) {
          fill(input, scratch.segment(), threads);
          multiply(filters, scratch.segment(), output, threads);
        }
      }
    }
  }

  private void fill(MemorySegment input, MemorySegment target, int threads) {
    int channels = problem.channels().in();
    long channelBytes = 4 * problem.inputArea();
    long planeBytes = 4 * planes.channelStride();
    int perChunk = perChunk(channels, planes.channelStride(), LEAST_COPY);
    Workers.shared()
        .run(
            Math.ceilDiv(channels, perChunk),
            threads,
            chunk -> {
              int end = Math.min(channels, (chunk + 1) * perChunk);
              for (int channel = chunk * perChunk; channel < end; channel++) {
                planes.fill(input, channel * channelBytes, target, channel * planeBytes);
              }
            });
  }

  private void multiply(MemorySegment filters, MemorySegment b, MemorySegment output, int threads) {
    int count = Math.multiplyExact(problem.channels().groups(), blocks.count());
    long macs = problem.macs() / problem.batch() / Math.max(1, count);
    int perChunk = perChunk(count, macs, Blocks.LEAST_MACS);
    Workers.shared()
        .run(
            Math.ceilDiv(count, perChunk),
            threads,
            chunk -> {
              int end = Math.min(count, (chunk + 1) * perChunk);
              for (int i = chunk * perChunk; i < end; i++) {
                block(filters, b, output, i / blocks.count(), i % blocks.count());
              }
            });
  }

  /** How many of {@code count} pieces of work make a chunk of at least {@code least}. */
  private static int perChunk(int count, long work, long least) {
    return (int) Math.clamp(least / Math.max(1, work), 1, Math.max(1, count));
  }

  private void block(
      MemorySegment filters, MemorySegment b, MemorySegment output, int group, int block) {
    int row = blocks.firstRow(block);
    int rows = blocks.rowsOf(block);
    int column = blocks.firstColumn(block);
    int columns = blocks.columnsOf(block);
    int channel = group * problem.channels().outPerGroup() + row;
    long groupStride = problem.channels().inPerGroup() * planes.channelStride();
    MemorySegment a = filters.asSlice(4 * channel * problem.depth());
    MemorySegment columnsOfB = b.asSlice(4 * (group * groupStride + column));
    MemorySegment biases = problem.epilogue().bias() ? bias.asSlice(4L * channel) : bias;
    long area = problem.outputArea();
    if (planes.dense()) {
      MemorySegment c = output.asSlice(4 * (channel * area + column));
      product.multiply(a, columnsOfB, c, biases, rows, columns);
      return;
    }
    long stride = 4L * blocks.columnsPerBlock();
    try (Scratch scratch = Scratch.of(rows * stride)) {
      MemorySegment c = scratch.segment();
      product.multiply(a, columnsOfB, c, biases, rows, columns);
      planes.forEachRun(
          column,
          columns,
          (at, first, length) -> {
            for (int i = 0; i < rows; i++) {
              MemorySegment.copy(
                  c, i * stride + 4L * at, output, 4 * ((channel + i) * area + first), 4L * length);
            }
          });
    }
  }

  @Override
  public void close() {
    product.close();
    arena.close();
  }
}
