package io.compresso.kernel.nhwc;

import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.ZeroedMemory;
import io.compresso.kernel.nhwc.TileShape.Output;
import io.compresso.kernel.nhwc.WinogradBackend.FilterKernel;
import io.compresso.kernel.nhwc.WinogradBackend.InputKernel;
import io.compresso.kernel.nhwc.WinogradBackend.InputShape;
import io.compresso.kernel.nhwc.WinogradBackend.OutputKernel;
import io.compresso.kernel.nhwc.WinogradBackend.OutputShape;
import io.compresso.kernel.nhwc.WinogradBackend.ProductKernel;
import io.compresso.kernel.nhwc.WinogradBackend.ProductShape;
import io.compresso.kernel.nhwc.WinogradBackend.Strides;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A prepared 3x3 convolution of stride 1 over NHWC by Winograd's minimal filtering, see {@link
 * WinogradTransform}: blocks of tiles of the input are transformed, multiplied by the transformed
 * filters position by position, and the sums transformed back.
 *
 * <p>A value that is not finite, and an overflow within the transforms, would spread over the
 * outputs of a tile. A run that meets one is repeated by the direct convolution, whose filters are
 * computed from the transformed ones. Bytes are computed in integers, see {@link
 * WinogradTransform#exact}.
 */
public final class WinogradConv implements BoundKernel {
  private static final int LINE = 64;
  private static final long CONFLICTING = 2048;

  private final KernelSpec spec;
  private final ConvProblem problem;
  private final WinogradTiling tiling;
  private final WinogradFilters packing;
  private final WinogradBlocks serial;
  private final WinogradBlocks parallel;
  private final BiFunction<ConvProblem, Weights, PreparedKernel> direct;
  private final Layout layout;
  private final Output output;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment filters;
  private final MemorySegment bias;
  private final ChannelConstants constants;
  private final boolean moderate;
  private final boolean isLastFull;
  private final InputKernel[] inputs;
  private final Products[] products;
  private final @Nullable OutputKernel[][] results = new OutputKernel[2][2];
  private @Nullable PreparedKernel fallback;

  /** Where transformed tiles and sums of a block lie. */
  private record Layout(int positions, Strides inputs, Strides sums) {
    long inputBytes() {
      return positions * inputs.position();
    }

    long sumBytes() {
      return positions * sums.position();
    }
  }

  /** The kernels of blocks of so many tiles, for each kind of panel. */
  private static final class Products {
    private final int tiles;
    private final @Nullable ProductKernel[] kinds;

    Products(int tiles, @Nullable ProductKernel[] kinds) {
      this.tiles = tiles;
      this.kinds = kinds;
    }
  }

  /**
   * Transforms the filters and makes the code.
   *
   * @param problem taken by {@link WinogradChoice#accepts}, with an output that has elements
   * @param weights with data
   * @param outputs of a side of a tile
   * @param direct prepares the direct convolution of floats with filters of single precision
   */
  public WinogradConv(
      KernelSpec spec,
      ConvProblem problem,
      Weights weights,
      WinogradBackend backend,
      int outputs,
      BiFunction<ConvProblem, Weights, PreparedKernel> direct) {
    this.spec = spec;
    this.problem = problem;
    this.tiling = WinogradTiling.of(problem, outputs);
    WinogradTransform transform = WinogradTransform.of(backend.arithmetic(), outputs);
    this.packing = new WinogradFilters(problem, weights.quantization(), backend, outputs);
    OperandTypes types = problem.types();
    this.direct = direct;
    long inputTile = tileBytes(packing.steps(), backend.lanes());
    long sumTile = 4L * backend.vectors() * backend.lanes();
    double inputCycles = WinogradChoice.inputCycles(problem, outputs, backend);
    double productCycles = WinogradChoice.productCycles(problem, outputs, backend);
    WinogradBlocks.Sizes sizes =
        new WinogradBlocks.Sizes(
            WinogradChoice.blockBytes(backend),
            transform.positions() * (inputTile + sumTile),
            packing.bytes(),
            packing.panels(),
            isGrouped() ? 0 : inputCycles,
            productCycles + (isGrouped() ? inputCycles : 0));
    this.serial = WinogradBlocks.choose(tiling, sizes, 1);
    this.parallel = WinogradBlocks.choose(tiling, sizes, Workers.shared().size());
    int most = Math.max(serial.mostTiles(), parallel.mostTiles());
    this.layout =
        new Layout(
            transform.positions(),
            new Strides(inputTile, positionBytes(most * inputTile)),
            new Strides(sumTile, positionBytes(most * sumTile)));
    long pixelBytes = types.output().bytes(problem.channels().out());
    this.output =
        new Output(
            types.output(),
            pixelBytes,
            tiling.width().outputSize() * pixelBytes,
            weights.quantization().scalesDown());
    this.filters = ZeroedMemory.allocate(arena, packing.bytes(), LINE);
    try (FilterKernel kernel = backend.filters(outputs)) {
      this.moderate =
          WinogradFilters.areModerate(problem, weights.quantization())
              && packing.pack(Objects.requireNonNull(weights.data()), filters, kernel);
    }
    this.bias = arena.allocate(problem.biasBytes(), LINE);
    if (problem.epilogue().bias()) {
      bias.copyFrom(Objects.requireNonNull(weights.bias()));
    }
    this.constants =
        new ChannelConstants(
            problem,
            new PanelLayout(
                backend.vectors(), backend.lanes(), problem.channels().outPerGroup(), false),
            weights,
            0);
    this.isLastFull = problem.channels().outPerGroup() % (backend.vectors() * backend.lanes()) == 0;
    this.inputs = inputKernels(backend);
    this.products = productKernels(backend);
    makeOutputKernels(backend, weights);
  }

  private static long tileBytes(int steps, int lanes) {
    long bytes = 4L * Math.ceilDiv(steps, lanes) * lanes;
    return bytes % CONFLICTING == 0 ? bytes + LINE : bytes;
  }

  /** An odd number of lines, so that positions lie in different sets of the cache. */
  private static long positionBytes(long bytes) {
    return (Math.ceilDiv(bytes, LINE) | 1) * LINE;
  }

  private long inputPixelBytes() {
    return problem.types().input().bytes(problem.channels().in());
  }

  private long inputRowBytes() {
    return tiling.width().size() * inputPixelBytes();
  }

  private InputKernel[] inputKernels(WinogradBackend backend) {
    Map<InputShape, InputKernel> made = new HashMap<>();
    InputKernel[] kernels = new InputKernel[tiling.columns()];
    for (int tile = 0; tile < kernels.length; tile++) {
      InputShape shape =
          new InputShape(
              tiling.outputs(),
              problem.types().input(),
              problem.channels().inPerGroup(),
              inputPixelBytes(),
              tiling.fromColumn(tile),
              tiling.toColumn(tile),
              layout.inputs().tile(),
              layout.inputs().position());
      kernels[tile] = made.computeIfAbsent(shape, backend::input);
    }
    return kernels;
  }

  private Products[] productKernels(WinogradBackend backend) {
    List<Products> made = new ArrayList<>();
    int[] sizes = IntStream.concat(serial.tiles(), parallel.tiles()).distinct().toArray();
    for (int tiles : sizes) {
      ProductKernel[] kinds = new ProductKernel[2];
      for (int kind = 0; kind < kinds.length; kind++) {
        if (hasPanels(kind)) {
          kinds[kind] = product(backend, tiles, vectors(kind));
        }
      }
      made.add(new Products(tiles, kinds));
    }
    return made.toArray(Products[]::new);
  }

  private boolean isGrouped() {
    return problem.channels().groups() > 1;
  }

  /** 0 for full panels, 1 for the last one of a group if it is not full. */
  private int kind(int panel) {
    return (panel + 1) % packing.groupPanels() == 0 && !isLastFull ? 1 : 0;
  }

  private boolean hasPanels(int kind) {
    return kind == 1 ? !isLastFull : isLastFull || packing.groupPanels() > 1;
  }

  private int vectors(int kind) {
    return packing.vectorsOf(kind == 1 ? packing.groupPanels() - 1 : 0);
  }

  private ProductKernel product(WinogradBackend backend, int tiles, int vectors) {
    return backend.product(
        new ProductShape(
            layout.positions(),
            packing.steps(),
            vectors,
            Split.ofAtMost(tiles, backend.mostTiles(vectors)),
            layout.inputs(),
            layout.sums()));
  }

  private void makeOutputKernels(WinogradBackend backend, Weights weights) {
    int width = tiling.width().outputSize();
    for (int kind = 0; kind < results.length; kind++) {
      int tail = kind == 1 ? problem.channels().outPerGroup() % backend.lanes() : 0;
      if (hasPanels(kind) && width >= tiling.outputs()) {
        results[kind][0] = output(backend, weights, tiling.outputs(), kind, tail);
      }
      if (hasPanels(kind) && width % tiling.outputs() > 0) {
        results[kind][1] = output(backend, weights, width % tiling.outputs(), kind, tail);
      }
    }
  }

  private OutputKernel output(
      WinogradBackend backend, Weights weights, int columns, int kind, int tail) {
    return backend.output(
        new OutputShape(
            tiling.outputs(),
            columns,
            vectors(kind),
            tail,
            layout.sums(),
            output,
            problem.epilogue(),
            weights.quantization().outputZeroPoint(),
            weights.residual()));
  }

  /** Whether the filters can be transformed; if not, the kernel is of no use. */
  public boolean hasModerateFilters() {
    return moderate;
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
  public Runnable bind(Operands operands, int threads) {
    operands.require(problem, true);
    WinogradBlocks blocks = threads == 1 ? serial : parallel;
    Run run = new Run(operands, blocks);
    return () -> {
      run.doubtful = false;
      Workers.shared().run(blocks.count(), threads, run);
      if (run.doubtful) {
        fallback().run(operands, threads);
      }
      Reference.reachabilityFence(run);
    };
  }

  private synchronized PreparedKernel fallback() {
    PreparedKernel kernel = fallback;
    if (kernel == null) {
      try (Arena scratch = Arena.ofConfined()) {
        long count = problem.channels().out() * problem.depth();
        MemorySegment data = scratch.allocate(4 * count, LINE);
        packing.unpack(filters, data);
        OperandTypes types =
            new OperandTypes(problem.types().input(), DType.FLOAT, problem.types().output());
        kernel = direct.apply(problem.withTypes(types), Weights.of(data).withBias(bias));
        fallback = kernel;
      }
    }
    return kernel;
  }

  /** One run, which is in doubt once a chunk has met a value that is not finite. */
  private final class Run implements Workers.ChunkTask {
    private final Operands operands;
    private final WinogradBlocks blocks;
    private final Tiles[] tilesOfBlocks;
    private final MemorySegment constantsOfRun;

    /** A row of the input's zero points, which stands for those above and below it. */
    private final MemorySegment padding = Arena.ofAuto().allocate(inputRowBytes(), LINE);

    private volatile boolean doubtful;

    Run(Operands operands, WinogradBlocks blocks) {
      this.operands = operands;
      this.blocks = blocks;
      this.constantsOfRun = constants.of(operands, new int[problem.channels().out()], true);
      padding.fill((byte) constants.inputZeroPoint(operands));
      this.tilesOfBlocks = new Tiles[blocks.count() / blocks.panels().parts()];
      for (int block = 0; block < tilesOfBlocks.length; block++) {
        int row = block / blocks.columns().parts();
        int column = block % blocks.columns().parts();
        tilesOfBlocks[block] =
            new Tiles(
                blocks.rows().start(row),
                blocks.rows().start(row + 1),
                blocks.columns().start(column),
                blocks.columns().start(column + 1));
      }
    }

    @Override
    public void run(int chunk) {
      int block = chunk % tilesOfBlocks.length;
      int panelChunk = chunk / tilesOfBlocks.length;
      Tiles tiles = tilesOfBlocks[block];
      int size = tiling.outputs() + WinogradTransform.TAPS - 1;
      long head = OutputKernel.DOUBT_BYTES + Math.ceilDiv(8L * size, LINE) * LINE;
      try (Scratch scratch = Scratch.of(head + layout.inputBytes() + layout.sumBytes())) {
        MemorySegment memory = scratch.memory();
        long doubts = memory.address();
        long transformed = doubts + head;
        long sums = transformed + layout.inputBytes();
        for (long i = 0; i < OutputKernel.DOUBT_BYTES; i += 4) {
          memory.set(ValueLayout.JAVA_FLOAT, i, 0);
        }
        Products kernels = products(tiles.count());
        int first = blocks.panels().start(panelChunk);
        int end = blocks.panels().start(panelChunk + 1);
        for (int panel = first; panel < end; panel++) {
          if (panel == first || panel % packing.groupPanels() == 0) {
            int group = panel / packing.groupPanels();
            transform(this, tiles, group, memory, transformed);
          }
          Objects.requireNonNull(kernels.kinds[kind(panel)])
              .run(transformed, filters.address() + packing.offset(panel), sums);
          store(this, tiles, panel, sums, doubts);
        }
        for (long i = 0; i < OutputKernel.DOUBT_BYTES; i += 4) {
          if (memory.get(ValueLayout.JAVA_FLOAT, i) != 0) {
            doubtful = true;
          }
        }
      }
    }
  }

  /** The tiles of a block. */
  private record Tiles(int fromRow, int toRow, int fromColumn, int toColumn) {
    int columns() {
      return toColumn - fromColumn;
    }

    int count() {
      return (toRow - fromRow) * columns();
    }
  }

  private Products products(int tiles) {
    for (Products candidate : products) {
      if (candidate.tiles == tiles) {
        return candidate;
      }
    }
    throw new IllegalStateException("no code for %d tiles".formatted(tiles));
  }

  /** Transforms a group of the input, with the places of rows in memory after {@code doubts}. */
  private void transform(Run run, Tiles tiles, int group, MemorySegment memory, long transformed) {
    MemorySegment input = run.operands.input();
    int zeroPoint = constants.inputZeroPoint(run.operands);
    long channel = problem.types().input().bytes((long) group * problem.channels().inPerGroup());
    int size = tiling.outputs() + WinogradTransform.TAPS - 1;
    long places = memory.address() + OutputKernel.DOUBT_BYTES;
    for (int row = tiles.fromRow(); row < tiles.toRow(); row++) {
      long image = row / tiling.imageRows();
      int y = row % tiling.imageRows() * tiling.outputs() - tiling.height().padBegin();
      int column = tiles.fromColumn();
      while (column < tiles.toColumn()) {
        InputKernel kernel = inputs[column];
        int end = column + 1;
        while (end < tiles.toColumn() && inputs[end] == kernel) {
          end++;
        }
        long x = tiling.firstColumn(column) * inputPixelBytes() + channel;
        for (int i = 0; i < size; i++) {
          boolean isInside = y + i >= 0 && y + i < tiling.height().size();
          long at =
              isInside
                  ? (image * tiling.height().size() + y + i) * inputRowBytes()
                  : run.padding.address() - input.address();
          memory.set(ValueLayout.JAVA_LONG, OutputKernel.DOUBT_BYTES + 8L * i, at + x);
        }
        long tile = (long) (row - tiles.fromRow()) * tiles.columns() + column - tiles.fromColumn();
        long target = transformed + tile * layout.inputs().tile();
        kernel.run(input.address(), places, target, end - column, zeroPoint);
        column = end;
      }
    }
  }

  private void store(Run run, Tiles tiles, int panel, long sums, long doubts) {
    Operands operands = run.operands;
    int firstChannel = packing.firstChannel(panel);
    @Nullable OutputKernel[] kernels = results[kind(panel)];
    long panelConstants = run.constantsOfRun.address() + panel * constants.panelBytes();
    MemorySegment third = operands.third() == null ? operands.output() : operands.third();
    int whole = Math.min(tiles.toColumn(), tiling.width().outputSize() / tiling.outputs());
    for (int row = tiles.fromRow(); row < tiles.toRow(); row++) {
      int y = row % tiling.imageRows() * tiling.outputs();
      int height = Math.min(tiling.outputs(), tiling.height().outputSize() - y);
      long line = (long) row / tiling.imageRows() * tiling.height().outputSize() + y;
      long channel = (long) firstChannel * output.elementBytes();
      long tile = (long) (row - tiles.fromRow()) * tiles.columns();
      for (int part = 0; part < 2; part++) {
        int from = part == 0 ? tiles.fromColumn() : Math.max(whole, tiles.fromColumn());
        int count = part == 0 ? Math.max(0, whole - from) : tiles.toColumn() - from;
        if (count == 0) {
          continue;
        }
        long at =
            line * output.rowBytes()
                + (long) from * tiling.outputs() * output.pixelBytes()
                + channel;
        Objects.requireNonNull(kernels[part])
            .run(
                sums + (tile + from - tiles.fromColumn()) * layout.sums().tile(),
                doubts,
                panelConstants,
                operands.output().address() + at,
                third.address() + at,
                count,
                height);
      }
    }
  }

  @Override
  public void close() {
    for (InputKernel kernel : inputs) {
      kernel.close();
    }
    for (Products kernels : products) {
      for (ProductKernel kernel : kernels.kinds) {
        if (kernel != null) {
          kernel.close();
        }
      }
    }
    for (OutputKernel[] kernels : results) {
      for (OutputKernel kernel : kernels) {
        if (kernel != null) {
          kernel.close();
        }
      }
    }
    if (fallback != null) {
      fallback.close();
    }
    arena.close();
  }
}
