package io.compresso.kernel.panel;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.panel.Blocks.Product;
import io.compresso.kernel.panel.PanelShape.Left;
import io.compresso.kernel.panel.PanelShape.Panel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A convolution over NCHW as float products of filters with the planes of {@link ConvPlanes}: no
 * matrix of windows is ever made. Subclasses say how operands become floats and how a block of sums
 * is computed and stored.
 */
public abstract class PlanarConv implements PreparedKernel {
  private static final int MOST_COPIED_COLUMNS = 512;
  private static final long LEAST_COPY = 1 << 14;

  private final KernelSpec spec;
  private final ConvProblem problem;
  private final ConvPlanes planes;
  private final List<ConvPlanes.Patch> patches;
  private final boolean padded;
  private final RowCopier copier;
  private final Blocks blocks;
  private final Arena arena = Arena.ofShared();
  private final @Nullable MemorySegment filters;
  private final WeightQuantization quantization;
  private final boolean sumsAreResults;

  /**
   * @param factory makes the products
   * @param sumsAreResults whether the sums are of the output's type, so that they can be stored in
   *     place
   */
  protected PlanarConv(
      KernelSpec spec,
      ConvProblem problem,
      Weights weights,
      PanelProduct.Factory factory,
      boolean sumsAreResults) {
    this.spec = spec;
    this.sumsAreResults = sumsAreResults;
    this.quantization = weights.quantization();
    this.problem = problem;
    this.planes = new ConvPlanes(problem);
    this.patches = planes.patches();
    this.padded = planes.isPadded();
    this.copier = factory.copier();
    Blocks even =
        Blocks.of(
            new Product(
                problem.channels().outPerGroup(), planes.columns(), problem.depth(), Float.BYTES),
            spec.tile().rows(),
            factory.width(),
            Workers.shared().size());
    this.blocks = storesInPlace() ? even : even.withColumnsAtMost(MOST_COPIED_COLUMNS);
    MemorySegment data = weights.data();
    if (data == null) {
      filters = null;
    } else {
      filters = arena.allocate(4 * problem.channels().out() * problem.depth(), 64);
      floatFilters(data, quantization, filters);
    }
  }

  /** Writes the filters as floats. */
  protected abstract void floatFilters(
      MemorySegment data, WeightQuantization scheme, MemorySegment floats);

  /** Writes the input as floats; called only unless the input is of floats. */
  protected abstract void floatInput(Operands operands, MemorySegment floats, int threads);

  /** Computes and stores one block. */
  protected abstract void compute(Block block);

  /** Whether a block's sums are stored where the results belong. */
  protected final boolean storesInPlace() {
    return sumsAreResults && planes.dense();
  }

  /** The shape of the products of all blocks. */
  protected final Left left() {
    return new Left(problem.depth(), 1);
  }

  /** The shape of the products of all blocks. */
  protected final Panel panel(int width) {
    return new Panel(
        problem.channels().inPerGroup(), planes.channelStride(), planes.taps(), width, false);
  }

  /** Elements from one row of a block's sums to the next. */
  protected final long sumStride() {
    return storesInPlace() ? problem.outputArea() : blocks.columnsPerBlock();
  }

  /** Zero points and scales of the filters. */
  protected final WeightQuantization quantization() {
    return quantization;
  }

  /** The memory of the prepared kernel. */
  protected final Arena arena() {
    return arena;
  }

  @Override
  public final ConvProblem problem() {
    return problem;
  }

  @Override
  public final KernelSpec spec() {
    return spec;
  }

  @Override
  public final void run(Operands operands, int threads) {
    operands.require(problem, filters != null);
    if (problem.outputBytes() == 0) {
      return;
    }
    if (problem.types().input().isFloat()) {
      MemorySegment given = filters != null ? filters : Objects.requireNonNull(operands.second());
      run(operands, operands.input(), given, threads);
      return;
    }
    long inputs = 4L * problem.batch() * problem.channels().in() * problem.inputArea();
    long weights = filters != null ? 0 : 4 * problem.channels().out() * problem.depth();
    try (Scratch input = Scratch.of(inputs);
        Scratch given = Scratch.of(weights)) {
      floatInput(operands, input.segment(), threads);
      if (filters == null) {
        floatFilters(Objects.requireNonNull(operands.second()), quantization, given.segment());
      }
      run(operands, input.segment(), filters != null ? filters : given.segment(), threads);
    }
  }

  private void run(Operands operands, MemorySegment input, MemorySegment given, int threads) {
    long imageBytes = 4 * problem.channels().in() * problem.inputArea();
    for (int image = 0; image < problem.batch(); image++) {
      MemorySegment source = input.asSlice(image * imageBytes, imageBytes);
      if (planes.direct()) {
        multiply(operands, image, given, source, threads);
      } else {
        try (Scratch scratch = Scratch.of(4 * problem.channels().in() * planes.channelStride())) {
          fill(source, scratch.segment(), threads);
          multiply(operands, image, given, scratch.segment(), threads);
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
                fill(
                    input.asSlice(channel * channelBytes, channelBytes),
                    target.asSlice(channel * planeBytes, planeBytes));
              }
            });
  }

  private void fill(MemorySegment channel, MemorySegment planesOfChannel) {
    if (padded) {
      planesOfChannel.fill((byte) 0);
    }
    for (ConvPlanes.Patch patch : patches) {
      copier.copy(
          channel.asSlice(4 * patch.source()),
          planesOfChannel.asSlice(4 * patch.target()),
          new RowCopier.Size(patch.rows(), patch.columns()),
          new RowCopier.Strides(patch.rowStep(), patch.columnStep(), planes.rowStride()));
    }
  }

  private void multiply(
      Operands operands, int image, MemorySegment given, MemorySegment b, int threads) {
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
                int group = i / blocks.count();
                compute(new Block(operands, image, given, b, group, i % blocks.count()));
              }
            });
  }

  /** How many of {@code count} pieces of work make a chunk of at least {@code least}. */
  private static int perChunk(int count, long work, long least) {
    return (int) Math.clamp(least / Math.max(1, work), 1, Math.max(1, count));
  }

  @Override
  public void close() {
    copier.close();
    arena.close();
  }

  /** A run of results of one channel that lie one after the other. */
  @FunctionalInterface
  protected interface RunAction {
    /**
     * @param row the channel, counted from the block's first
     * @param column the first one's column, counted from the block's first
     * @param output the first one's number in the output
     * @param length how many
     */
    void accept(int row, int column, long output, int length);
  }

  /** Some filters of one group, times some columns of the planes of one image. */
  protected final class Block {
    private final Operands operands;
    private final int image;
    private final MemorySegment given;
    private final MemorySegment planesOfImage;
    private final int group;
    private final int block;

    private Block(
        Operands operands, int image, MemorySegment given, MemorySegment b, int group, int block) {
      this.operands = operands;
      this.image = image;
      this.given = given;
      this.planesOfImage = b;
      this.group = group;
      this.block = block;
    }

    public Operands operands() {
      return operands;
    }

    /** The first output channel. */
    public int channel() {
      return group * problem.channels().outPerGroup() + blocks.firstRow(block);
    }

    public int rows() {
      return blocks.rowsOf(block);
    }

    public int columns() {
      return blocks.columnsOf(block);
    }

    /** The filters. */
    public MemorySegment a() {
      return given.asSlice(4 * channel() * problem.depth());
    }

    /** The planes. */
    public MemorySegment b() {
      long groupStride = problem.channels().inPerGroup() * planes.channelStride();
      return planesOfImage.asSlice(4 * (group * groupStride + blocks.firstColumn(block)));
    }

    /** The number of the first result, when sums are stored in place. */
    public long output() {
      return output(0) + blocks.firstColumn(block);
    }

    private long output(int row) {
      return ((long) image * problem.channels().out() + channel() + row) * problem.outputArea();
    }

    /** Copies the results, of 32 bits, from among the sums to where they belong. */
    public void copyResults(MemorySegment sums, MemorySegment results) {
      RowCopier.Strides strides = new RowCopier.Strides(sumStride(), 1, problem.outputArea());
      planes.forEachRun(
          blocks.firstColumn(block),
          columns(),
          (column, output, length) ->
              copier.copy(
                  sums.asSlice(4L * column),
                  results.asSlice(4 * (output(0) + output)),
                  new RowCopier.Size(rows(), length),
                  strides));
    }

    /** The results among the sums. */
    public void forEachRun(RunAction action) {
      planes.forEachRun(
          blocks.firstColumn(block),
          columns(),
          (column, output, length) -> {
            for (int row = 0; row < rows(); row++) {
              action.accept(row, column, output(row) + output, length);
            }
          });
    }
  }
}
