package io.compresso.kernel.nhwc;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.nhwc.TileShape.Output;
import io.compresso.kernel.panel.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A prepared convolution over NHWC. */
public final class NhwcConv implements PreparedKernel {
  private static final long LEAST_MACS = 1 << 20;
  private static final long LEAST_DEPTHWISE_MACS = 1 << 17;

  private final KernelSpec spec;
  private final ConvProblem problem;
  private final Geometry geometry;
  private final Tiling tiling;
  private final Chunking chunking;
  private final InputBlocks blocks;
  private final PackedFilters packing;
  private final ChannelConstants constants;
  private final @Nullable TileKernel[][] tiles = new TileKernel[2][2];
  private final Output output;
  private final Arena arena = Arena.ofShared();
  private final @Nullable MemorySegment filters;
  private final int[] filterSums;

  /** Packs the weights and makes the code. The output must have elements. */
  public NhwcConv(KernelSpec spec, ConvProblem problem, Weights weights, TileBackend backend) {
    this(spec, problem, weights, backend, FilterOrder.OUTPUTS_FIRST);
  }

  /** As the other constructor, for filters that lie in another order. */
  NhwcConv(
      KernelSpec spec,
      ConvProblem problem,
      Weights weights,
      TileBackend backend,
      FilterOrder order) {
    this.spec = spec;
    this.problem = problem;
    this.geometry = Geometry.of(problem, backend);
    long steps = (long) geometry.runs() * geometry.steps(backend.arithmetic());
    this.tiling = Tiling.choose(geometry, backend, steps);
    this.packing =
        new PackedFilters(
            problem, geometry, tiling, backend.arithmetic(), weights.quantization(), order);
    this.chunking = chunking(backend.arithmetic());
    int blockRows = Math.min(chunking.blockRows(), tiling.rows().parts());
    int outputRows = geometry.height().outputSize();
    this.blocks =
        new InputBlocks(
            geometry,
            problem.types().input(),
            backend,
            Math.min(outputRows, blockRows * tiling.rows().large()));
    long pixelBytes = problem.types().output().bytes(problem.channels().out());
    this.output =
        new Output(
            problem.types().output(), pixelBytes, geometry.width().outputSize() * pixelBytes);
    makeTiles(backend, weights);
    this.constants =
        new ChannelConstants(
            problem,
            new PanelLayout(tiling.vectors(), tiling.lanes(), tiling.channels(), false),
            weights,
            backend.arithmetic().move(problem.types().input()));
    MemorySegment data = weights.data();
    if (data == null) {
      filters = null;
      filterSums = new int[0];
    } else {
      filters = arena.allocate(packing.bytes(), 64);
      filterSums = packing.pack(data, filters, Workers.shared().size());
    }
  }

  private Chunking chunking(Arithmetic arithmetic) {
    long tileRows =
        (long) geometry.images() * geometry.depth().outputSize() * tiling.rows().parts();
    int outputRows = geometry.height().outputSize();
    long copy = InputBlocks.copyBytes(geometry, arithmetic, outputRows);
    return Chunking.choose(
        new Chunking.Sizes(
            Math.toIntExact(tileRows),
            Math.multiplyExact(geometry.channels().groups(), tiling.panels()),
            packing.bytes(),
            copy * geometry.images() * geometry.depth().outputSize(),
            copy / tiling.rows().parts(),
            problem.macs() / (geometry.depthwise() ? LEAST_DEPTHWISE_MACS : LEAST_MACS)),
        Workers.shared().size());
  }

  private void makeTiles(TileBackend backend, Weights weights) {
    for (int small = 0; small < 2; small++) {
      int rows = small == 0 ? tiling.rows().large() : tiling.rows().small();
      if (small == 1 && (rows == 0 || tiling.rows().smallCount() == 0)) {
        continue;
      }
      for (int rest = 0; rest < 2; rest++) {
        boolean present = rest == 0 ? tiling.fullPanels() > 0 : tiling.restVectors() > 0;
        if (present) {
          tiles[small][rest] =
              backend.tiles(
                  new TileShape(
                      backend.arithmetic(),
                      blocks.window(),
                      packing.parts,
                      rows,
                      tiling.columns(),
                      rest == 0 ? tiling.vectors() : tiling.restVectors(),
                      rest == 0 ? 0 : tiling.restChannels() % tiling.lanes(),
                      geometry.depthwise(),
                      output,
                      problem.epilogue(),
                      weights.quantization().outputZeroPoint(),
                      weights.residual()));
        }
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

  /** The memory of one run. */
  private record Buffers(Operands operands, MemorySegment filters, MemorySegment constants) {}

  @Override
  public void run(Operands operands, int threads) {
    operands.require(problem, filters != null);
    try (Scratch given = Scratch.of(filters != null ? 0 : packing.bytes())) {
      MemorySegment packed = filters;
      int[] sums = filterSums;
      if (packed == null) {
        packed = given.segment();
        sums = packing.pack(Objects.requireNonNull(operands.second()), packed, threads);
      }
      MemorySegment channels = constants.of(operands, sums, filters != null);
      Buffers buffers = new Buffers(operands, packed, channels);
      Workers.shared().run(chunking.count(), threads, chunk -> chunk(buffers, chunk));
    }
  }

  private void chunk(Buffers buffers, int chunk) {
    int rowChunk = chunk % chunking.rows().parts();
    int panelChunk = chunk / chunking.rows().parts();
    int row = chunking.rows().start(rowChunk);
    int end = chunking.rows().start(rowChunk + 1);
    int firstPanel = chunking.panels().start(panelChunk);
    int endPanel = chunking.panels().start(panelChunk + 1);
    int parts = tiling.rows().parts();
    try (Scratch scratch = Scratch.of(blocks.scratchBytes())) {
      while (row < end) {
        int inSlice = row % parts;
        int rows = Math.min(Math.min(chunking.blockRows(), parts - inSlice), end - row);
        block(buffers, scratch.segment(), row / parts, inSlice, rows, firstPanel, endPanel);
        row += rows;
      }
    }
  }

  private void block(
      Buffers buffers,
      MemorySegment scratch,
      int slice,
      int tileRow,
      int tileRows,
      int firstPanel,
      int endPanel) {
    Split split = tiling.rows();
    int first = split.start(tileRow);
    int rows = split.start(tileRow + tileRows) - first;
    int depth = geometry.depth().outputSize();
    MemorySegment input =
        blocks.block(
            buffers.operands().input(),
            scratch,
            slice / depth,
            slice % depth,
            first,
            rows,
            constants.inputZeroPoint(buffers.operands()));
    int large = Math.clamp(split.largeCount() - tileRow, 0, tileRows);
    long outputRow = ((long) slice * geometry.height().outputSize() + first) * output.rowBytes();
    Part upper = new Part(0, input, outputRow, large);
    Part lower = null;
    if (large < tileRows) {
      int below = large * split.large();
      lower =
          new Part(
              1,
              input.asSlice(below * blocks.window().rowBytes()),
              outputRow + below * output.rowBytes(),
              tileRows - large);
    }
    int panels = tiling.panels();
    for (int panel = firstPanel; panel < endPanel; ) {
      int group = panel / panels;
      int from = panel % panels;
      int to = Math.min(panels, from + endPanel - panel);
      int full = Math.min(to, tiling.fullPanels());
      if (from < full) {
        panels(buffers, upper, lower, group, from, full);
      }
      if (to > full) {
        panels(buffers, upper, lower, group, full, to);
      }
      panel += to - from;
    }
  }

  /** Consecutive rows of tiles of the same height. */
  private record Part(int small, MemorySegment input, long outputBytes, int tileRows) {}

  private void panels(
      Buffers buffers, Part upper, @Nullable Part lower, int group, int from, int to) {
    if (upper.tileRows() > 0) {
      panels(buffers, upper, group, from, to);
    }
    if (lower != null) {
      panels(buffers, lower, group, from, to);
    }
  }

  private void panels(Buffers buffers, Part part, int group, int from, int to) {
    boolean rest = from >= tiling.fullPanels();
    int channel = group * tiling.channels() + from * tiling.vectors() * tiling.lanes();
    long at = part.outputBytes() + (long) channel * output.elementBytes();
    Operands operands = buffers.operands();
    MemorySegment residual = operands.third();
    long constantPanel = (long) group * tiling.panels() + from;
    TileKernel kernel = Objects.requireNonNull(tiles[part.small()][rest ? 1 : 0]);
    kernel.run(
        part.input().asSlice(blocks.channelBytes(group, from * tiling.vectors() * tiling.lanes())),
        buffers.filters().asSlice(group * packing.groupBytes() + from * packing.panelBytes()),
        buffers.constants().asSlice(constantPanel * constants.panelBytes()),
        operands.output().asSlice(at),
        residual == null ? null : residual.asSlice(at),
        part.tileRows(),
        to - from);
  }

  @Override
  public void close() {
    for (TileKernel[] kinds : tiles) {
      for (TileKernel kernel : kinds) {
        if (kernel != null) {
          kernel.close();
        }
      }
    }
    blocks.close();
    arena.close();
  }
}
