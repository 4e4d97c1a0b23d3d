package io.compresso.kernel.nhwc;

import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.ZeroedMemory;
import io.compresso.kernel.nhwc.TileShape.Output;
import io.compresso.kernel.panel.ByteGatherer;
import io.compresso.kernel.panel.Scratch;
import io.compresso.kernel.panel.WordTransposer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A prepared convolution over NHWC. */
public final class NhwcConv implements BoundKernel {
  private static final long LEAST_MACS = 1 << 20;

  /** Products that a core computes while it reads an element. */
  private static final int PRODUCTS_PER_ELEMENT = 4;

  private static final long LINE = 64;

  private static final long LEAST_DEPTHWISE_MACS = 1 << 17;

  /** What a call of tiles is given to. */
  @FunctionalInterface
  private interface Calls {
    void add(
        TileKernel tiles,
        TileKernel.Memory memory,
        MemorySegment input,
        long inputAt,
        long filtersAt,
        long constantsAt,
        long outputAt,
        int tileRows,
        int panels);
  }

  private final KernelSpec spec;
  private final ConvProblem problem;
  private final TileBackend backend;
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
    this.backend = backend;
    this.geometry = Geometry.of(problem, backend);
    long steps = (long) geometry.runs() * geometry.steps(backend.arithmetic());
    this.tiling = Tiling.choose(geometry, backend, steps);
    this.packing =
        new PackedFilters(
            problem, geometry, tiling, backend.arithmetic(), weights.quantization(), order);
    this.chunking = chunking(backend);
    int blockRows = Math.min(chunking.blockRows(), tiling.rows().parts());
    int outputRows = geometry.height().outputSize();
    this.blocks =
        new InputBlocks(
            geometry,
            problem.types().input(),
            backend,
            Math.min(outputRows, blockRows * tiling.rows().large()),
            chunking.panels().parts() > 1);
    long pixelBytes = problem.types().output().bytes(problem.channels().out());
    this.output =
        new Output(
            problem.types().output(),
            pixelBytes,
            geometry.width().outputSize() * pixelBytes,
            weights.quantization().scalesDown());
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
      long filterBytes = packing.bytes() + LINE - 1 & -LINE;
      MemorySegment memory = ZeroedMemory.allocate(arena, filterBytes + constants.bytes(), LINE);
      filters = memory.asSlice(0, packing.bytes());
      constants.reserve(memory.asSlice(filterBytes));
      try (WordTransposer transposer = backend.transposer();
          ByteGatherer gatherer = backend.gatherer()) {
        filterSums = packing.pack(data, filters, Workers.shared().size(), transposer, gatherer);
      }
    }
  }

  private Chunking chunking(TileBackend backend) {
    Arithmetic arithmetic = backend.arithmetic();
    long tileRows =
        (long) geometry.images() * geometry.depth().outputSize() * tiling.rows().parts();
    int outputRows = geometry.height().outputSize();
    long copy = InputBlocks.inputBytes(geometry, arithmetic, outputRows);
    long inputBytes = copy * geometry.images() * geometry.depth().outputSize();
    boolean direct = InputBlocks.isDirect(geometry, problem.types().input(), backend);
    int planes = direct ? 1 : InputBlocks.planes(geometry);
    return Chunking.choose(
        new Chunking.Sizes(
            Math.toIntExact(tileRows),
            Math.multiplyExact(geometry.channels().groups(), tiling.panels()),
            packing.bytes(),
            inputBytes,
            copy / tiling.rows().parts(),
            planes,
            problem.macs() * arithmetic.elementBytes() / PRODUCTS_PER_ELEMENT,
            direct ? 0 : inputBytes,
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

  @Override
  public Runnable bind(Operands operands, int threads) {
    operands.require(problem, filters != null);
    return new Run(operands, threads);
  }

  /** Runs on the same memory, one at a time. */
  private final class Run implements Runnable {
    private final Operands operands;
    private final int threads;
    private final int padding;
    private final Workers.ChunkTask copying = this::copyPart;
    private final Workers.ChunkTask computing = this::chunk;
    private TileKernel.@Nullable Memory memory;
    private MemorySegment input;

    /** What each chunk runs, where all its memory is known. */
    private final Runnable @Nullable [] sequences;

    private final Chunking chunking;

    Run(Operands operands, int threads) {
      this.operands = operands;
      this.threads = threads;
      this.padding = constants.inputZeroPoint(operands);
      boolean whole = threads == 1 && blocks.isDirect();
      this.chunking = whole ? NhwcConv.this.chunking.whole() : NhwcConv.this.chunking;
      this.input = operands.input();
      if (filters != null) {
        memory = memory(filters, filterSums);
      }
      this.sequences = filters != null && blocks.isDirect() ? sequences() : null;
    }

    private Runnable[] sequences() {
      Runnable[] made = new Runnable[chunking.count()];
      for (int i = 0; i < made.length; i++) {
        List<TileCall> calls = new ArrayList<>();
        chunk(
            i,
            null,
            (tiles, all, source, inputAt, filtersAt, constantsAt, outputAt, tileRows, panels) ->
                calls.add(
                    new TileCall(
                        tiles,
                        all,
                        source,
                        inputAt,
                        filtersAt,
                        constantsAt,
                        outputAt,
                        tileRows,
                        panels)));
        made[i] = backend.sequence(calls);
      }
      return made;
    }

    private TileKernel.Memory memory(MemorySegment packed, int[] sums) {
      return new TileKernel.Memory(
          packed,
          constants.of(operands, sums, filters != null),
          operands.output(),
          operands.third());
    }

    @Override
    public void run() {
      if (filters != null) {
        compute();
        return;
      }
      try (Scratch given = Scratch.of(packing.bytes())) {
        MemorySegment packed = given.segment();
        memory =
            memory(
                packed,
                packing.pack(
                    Objects.requireNonNull(operands.second()), packed, threads, null, null));
        compute();
      }
    }

    private void compute() {
      Workers workers = Workers.shared();
      if (!blocks.isShared()) {
        workers.run(chunking.count(), threads, computing);
      } else {
        try (Scratch copy = Scratch.of(blocks.copyBytes())) {
          input = copy.memory();
          workers.run(blocks.copyParts(), threads, copying);
          workers.run(chunking.count(), threads, computing);
        }
      }
      Reference.reachabilityFence(this);
    }

    private void copyPart(int part) {
      blocks.copyPart(operands.input(), input, part, padding);
    }

    private void chunk(int chunk) {
      if (sequences != null) {
        sequences[chunk].run();
        return;
      }
      boolean copies = !blocks.isDirect() && !blocks.isShared();
      try (Scratch copy = Scratch.of(copies ? blocks.copyBytes() : 0)) {
        chunk(chunk, copies ? copy.memory() : null, TileKernel::run);
      }
    }

    private void chunk(int chunk, @Nullable MemorySegment copy, Calls calls) {
      int rowChunk = chunk % chunking.rows().parts();
      int row = (int) chunking.rows().start(rowChunk);
      int end = (int) chunking.rows().start(rowChunk + 1);
      int panelChunk = chunk / chunking.rows().parts();
      int parts = tiling.rows().parts();
      while (row < end) {
        int inSlice = row % parts;
        int rows = Math.min(Math.min(chunking.blockRows(), parts - inSlice), end - row);
        block(copy, row / parts, inSlice, rows, panelChunk, calls);
        row += rows;
      }
    }

    /** Computes consecutive rows of tiles of a slice. */
    private void block(
        @Nullable MemorySegment copy,
        int slice,
        int tileRow,
        int tileRows,
        int panelChunk,
        Calls calls) {
      Split split = tiling.rows();
      int first = split.start(tileRow);
      int depth = geometry.depth().outputSize();
      int image = slice / depth;
      int panels = tiling.panels();
      int begin = (int) chunking.panels().start(panelChunk);
      int end = (int) chunking.panels().start(panelChunk + 1);
      MemorySegment source = input;
      long at = 0;
      if (copy == null) {
        at = blocks.offset(image, slice % depth, first);
      } else {
        source = copy;
        int rows = split.start(tileRow + tileRows) - first;
        int firstGroup = begin / panels;
        int endGroup = (end - 1) / panels + 1;
        blocks.copy(input, copy, slice, first, rows, firstGroup, endGroup, padding);
      }
      int large = Math.clamp(split.largeCount() - tileRow, 0, tileRows);
      int below = large * split.large();
      long outputRow = ((long) slice * geometry.height().outputSize() + first) * output.rowBytes();
      for (int panel = begin; panel < end; ) {
        int group = panel / panels;
        int from = panel % panels;
        int to = Math.min(panels, from + end - panel);
        int full = Math.min(to, tiling.fullPanels());
        // Full panels, then the last one; large tiles, then the smaller ones below them.
        for (int rest = 0; rest < 2; rest++) {
          int firstPanel = rest == 0 ? from : Math.max(from, full);
          int endPanel = rest == 0 ? full : to;
          if (firstPanel < endPanel && large > 0) {
            panels(source, at, outputRow, 0, large, group, firstPanel, endPanel, calls);
          }
          if (firstPanel < endPanel && large < tileRows) {
            long rowAt = at + below * blocks.window().rowBytes();
            long resultAt = outputRow + below * output.rowBytes();
            panels(
                source, rowAt, resultAt, 1, tileRows - large, group, firstPanel, endPanel, calls);
          }
        }
        panel += to - from;
      }
    }

    private void panels(
        MemorySegment source,
        long at,
        long outputBytes,
        int small,
        int tileRows,
        int group,
        int from,
        int to,
        Calls calls) {
      int inGroup = from * tiling.vectors() * tiling.lanes();
      long channel = (long) group * tiling.channels() + inGroup;
      long panel = (long) group * tiling.panels() + from;
      int rest = from >= tiling.fullPanels() ? 1 : 0;
      calls.add(
          Objects.requireNonNull(tiles[small][rest]),
          Objects.requireNonNull(memory),
          source,
          at + blocks.channelBytes(group, inGroup),
          group * packing.groupBytes() + from * packing.panelBytes(),
          panel * constants.panelBytes(),
          outputBytes + channel * output.elementBytes(),
          tileRows,
          to - from);
    }
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
