package io.compresso.kernel.jit.x86;

import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.ChannelConstants;
import io.compresso.kernel.nhwc.PanelLayout;
import io.compresso.kernel.nhwc.Split;
import io.compresso.kernel.nhwc.TileShape;
import io.compresso.kernel.nhwc.TileShape.Output;
import io.compresso.kernel.nhwc.Window;
import io.compresso.kernel.panel.Scratch;
import io.compresso.kernel.panel.Shares;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A prepared convolution over NHWC of one filter a channel, see {@link ChannelTileCode}. */
final class NhwcDepthwise implements BoundKernel {
  private static final int LANES = 16;
  private static final int VECTOR_BYTES = 64;
  private static final int TILE_ROWS = 2;

  /** Filters of more rows or columns are applied to one row of the output at a time. */
  private static final int MOST_SHARED_TAPS = 7;

  private static final int INTERLEAVING_COST = 12;
  private static final int CHUNKS_PER_THREAD = 6;
  private static final long LEAST_MACS = 1 << 16;
  private static final long CACHE = 400 << 10;

  private final KernelSpec spec;
  private final ConvProblem problem;
  private final SpatialAxis depth;
  private final SpatialAxis height;
  private final SpatialAxis width;
  private final boolean quads;
  private final PanelLayout layout;
  private final DepthwiseFilters packing;
  private final ChannelConstants constants;
  private final Output output;
  private final Rows rows;

  /** The rows of a slice that are left by {@link #rows}. */
  private final @Nullable Rows lastRows;

  private final int rowGroups;
  private final Shares groupChunks;
  private final Shares panelChunks;
  private final int blockGroups;
  private final int fullPanels;
  private final Arena arena = Arena.ofShared();
  private final @Nullable MemorySegment filters;
  private final int[] filterSums;
  private volatile @Nullable PaddingLine paddingLine;

  /**
   * Tiles of some rows of the output.
   *
   * @param full for panels of whole vectors, null when there is none
   * @param rest for the last panel, null when it is whole
   */
  private record Rows(TapLines lines, @Nullable Code full, @Nullable Code rest) {
    void close() {
      if (full != null) {
        full.lease.close();
      }
      if (rest != null) {
        rest.lease.close();
      }
    }
  }

  private record PaddingLine(byte value, MemorySegment memory) {}

  private record Code(CodeCache.Lease lease, MemorySegment table) {}

  NhwcDepthwise(KernelSpec spec, ConvProblem problem, Weights weights) {
    this.spec = spec;
    this.problem = problem;
    List<SpatialAxis> axes = axes(problem);
    this.depth = axes.get(0);
    this.height = axes.get(1);
    this.width = axes.get(2);
    this.quads = takesQuads(problem, weights.quantization());
    int channels = problem.channels().out();
    int vectors = quads ? ChannelTileCode.QUAD_VECTORS : 1;
    ChannelTile tile = quads ? quadTile(problem) : plainTile(problem, oneRow(problem));
    this.layout = new PanelLayout(vectors, LANES, channels, quads);
    this.packing = new DepthwiseFilters(problem, tile, layout, weights.quantization());
    this.constants =
        new ChannelConstants(
            problem, layout, weights, quads ? Arithmetic.BYTES.move(problem.types().input()) : 0);
    DType type = problem.types().output();
    long pixelBytes = type.bytes(channels);
    this.output =
        new Output(
            type, pixelBytes, width.outputSize() * pixelBytes, weights.quantization().scalesDown());
    this.fullPanels = channels / (vectors * LANES);
    TapLines lines = lines(problem);
    this.rows = rows(weights, lines);
    this.rowGroups = Math.ceilDiv(height.outputSize(), lines.outputRows());
    this.lastRows =
        height.outputSize() % lines.outputRows() == 0 ? null : rows(weights, oneRow(problem));
    int threads = Workers.shared().size();
    int groups =
        Math.multiplyExact(rowGroups, Math.multiplyExact(problem.batch(), depth.outputSize()));
    int wanted =
        threads == 1
            ? 1
            : Shares.balanced(
                Math.min(problem.macs() / LEAST_MACS, (long) CHUNKS_PER_THREAD * threads), threads);
    int panels = layout.panels();
    int groupParts = Shares.balanced(Math.min(groups, wanted), threads);
    this.groupChunks = new Shares(groups, Math.min(groups, groupParts));
    this.panelChunks = new Shares(panels, Math.min(panels, Math.ceilDiv(wanted, groupParts)));
    long groupBytes =
        Math.max(1, lines.outputRows() * height.stride() * width.size() * inputPixelBytes());
    this.blockGroups = (int) Math.clamp(panels == 1 ? groups : CACHE / groupBytes, 1, groups);
    MemorySegment data = weights.data();
    if (data == null) {
      filters = null;
      filterSums = new int[0];
    } else {
      filters = arena.allocate(packing.bytes(), VECTOR_BYTES);
      filterSums = packing.pack(data, filters);
    }
  }

  /** Whether there is code for a depthwise problem. */
  static boolean accepts(ConvProblem problem, VectorSet set) {
    return set == VectorSet.AVX512
        && ChannelTileCode.accepts(quadTile(problem))
        && ChannelTileCode.accepts(plainTile(problem, oneRow(problem)))
        && ChannelTileCode.accepts(plainTile(problem, lines(problem)));
  }

  private static List<SpatialAxis> axes(ConvProblem problem) {
    List<SpatialAxis> axes = new ArrayList<>(problem.axes());
    while (axes.size() < 3) {
      axes.addFirst(SpatialAxis.of(1, 1, 0));
    }
    return axes;
  }

  private static TapLines oneRow(ConvProblem problem) {
    List<SpatialAxis> axes = axes(problem);
    return TapLines.ofOneRow(axes.get(1), axes.get(0).kernel());
  }

  /** The lines of tiles of as many rows as are good. */
  private static TapLines lines(ConvProblem problem) {
    List<SpatialAxis> axes = axes(problem);
    SpatialAxis height = axes.get(1);
    boolean shares =
        height.outputSize() >= TILE_ROWS
            && Math.max(height.kernel(), axes.get(2).kernel()) <= MOST_SHARED_TAPS;
    return shares ? TapLines.of(height, axes.get(0).kernel(), TILE_ROWS) : oneRow(problem);
  }

  private static boolean takesQuads(ConvProblem problem, WeightQuantization quantization) {
    return problem.types().isInt8()
        && problem.types().output().bits() == 8
        && problem.epilogue().residual() == Residual.NONE
        && !Requantizer.crosses(problem, quantization);
  }

  private static ChannelTile tile(ConvProblem problem, int pixels) {
    List<SpatialAxis> axes = axes(problem);
    return new ChannelTile(
        problem.types().input(),
        problem.channels().in(),
        axes.get(2),
        axes.get(0).kernel() * axes.get(1).kernel(),
        pixels);
  }

  private static ChannelTile plainTile(ConvProblem problem, TapLines lines) {
    SpatialAxis width = axes(problem).get(2);
    int size = width.outputSize();
    int most = ChannelTileCode.mostPixels(lines, Math.min(width.kernel(), MOST_SHARED_TAPS));
    for (int pixels = most; pixels > most / 2; pixels--) {
      if (size % pixels == 0) {
        return tile(problem, pixels);
      }
    }
    return tile(problem, Math.ceilDiv(size, Math.ceilDiv(size, most)));
  }

  private static ChannelTile quadTile(ConvProblem problem) {
    TapLines lines = lines(problem);
    ChannelTile best = tile(problem, 1);
    double least = Double.POSITIVE_INFINITY;
    int most =
        Math.min(
            ChannelTileCode.MOST_QUAD_PIXELS / lines.outputRows(),
            axes(problem).get(2).outputSize());
    for (int pixels = 1; pixels <= most; pixels++) {
      ChannelTile candidate = tile(problem, pixels);
      int slots = candidate.slots().size() * candidate.rows();
      double cost =
          (INTERLEAVING_COST * candidate.quads().size() * lines.count()
                  + ChannelTileCode.QUAD_VECTORS * slots * (1 + lines.outputRows()))
              / ((double) pixels * lines.outputRows());
      if (cost < least) {
        least = cost;
        best = candidate;
      }
    }
    return best;
  }

  private Rows rows(Weights weights, TapLines lines) {
    int vectors = layout.vectors();
    int channels = layout.channels() % (vectors * LANES);
    int tail = quads ? channels : channels % LANES;
    return new Rows(
        lines,
        fullPanels > 0 ? code(weights, lines, 0) : null,
        channels > 0 ? code(weights, lines, tail) : null);
  }

  private Code code(Weights weights, TapLines lines, int tail) {
    TileShape shape =
        new TileShape(
            problem.types().isInt8() ? Arithmetic.WIDENED_BYTES : Arithmetic.FLOATS,
            new Window(0, 0, List.of(), 0, 0),
            1,
            lines.outputRows(),
            new Split(width.outputSize(), 1),
            layout.vectors(),
            tail,
            true,
            output,
            problem.epilogue(),
            weights.quantization().outputZeroPoint(),
            weights.residual());
    ChannelTile tile = quads ? quadTile(problem) : plainTile(problem, lines);
    ChannelTileCode code = new ChannelTileCode(tile, lines, shape, quads);
    return new Code(
        CodeCache.lease(code, code::generate), new TileStores(VectorSet.AVX512, shape).table());
  }

  private long inputPixelBytes() {
    return problem.types().input().bytes(problem.channels().in());
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
    private final MemorySegment target;
    private final MemorySegment residual;
    private final MemorySegment padding;
    private final Workers.ChunkTask computing = this::chunk;
    private @Nullable MemorySegment packed = filters;
    private @Nullable MemorySegment channels;

    Run(Operands operands, int threads) {
      this.operands = operands;
      this.threads = threads;
      this.target = operands.output();
      this.padding = paddingLine(problem.types().isInt8() ? (byte) operands.inputZeroPoint() : 0);
      this.residual = operands.third() == null ? target : operands.third();
      if (filters != null) {
        channels = constants.of(operands, filterSums, true);
      }
    }

    @Override
    public void run() {
      if (filters != null) {
        compute();
        return;
      }
      try (Scratch given = Scratch.of(packing.bytes())) {
        packed = given.segment();
        int[] sums = packing.pack(Objects.requireNonNull(operands.second()), packed);
        channels = constants.of(operands, sums, false);
        compute();
      }
    }

    private void compute() {
      Workers.shared().run(groupChunks.parts() * panelChunks.parts(), threads, computing);
      Reference.reachabilityFence(this);
    }

    private void chunk(int chunk) {
      int groupChunk = chunk % groupChunks.parts();
      int panelChunk = chunk / groupChunks.parts();
      long lines = 8L * blockGroups * rows.lines.count();
      try (Scratch scratch = Scratch.of(ChannelTileCode.HEAD_BYTES + lines)) {
        MemorySegment table = scratch.memory();
        int zeroPoint = problem.types().isInt8() ? constants.inputZeroPoint(operands) : 0;
        int pattern = quads ? (zeroPoint & 0xFF) * 0x01010101 : zeroPoint;
        for (int i = 0; i < ChannelTileCode.PADDING_BYTES; i += 4) {
          table.set(ValueLayout.JAVA_INT, i, pattern);
        }
        int end = (int) groupChunks.start(groupChunk + 1);
        for (int group = (int) groupChunks.start(groupChunk); group < end; group += blockGroups) {
          block(table, group, Math.min(end, group + blockGroups), panelChunk);
        }
      }
    }

    /** Computes groups of rows, those of each slice on their own. */
    private void block(MemorySegment table, int first, int end, int panelChunk) {
      int whole = height.outputSize() / rows.lines.outputRows();
      for (int group = first; group < end; ) {
        int slice = group / rowGroups;
        int inSlice = group % rowGroups;
        Rows kind = inSlice < whole ? rows : Objects.requireNonNull(lastRows);
        int count = Math.min(end - group, (inSlice < whole ? whole : rowGroups) - inSlice);
        int row = inSlice * rows.lines.outputRows();
        for (int i = 0; i < count; i++) {
          addresses(table, slice, row + i * kind.lines.outputRows(), kind.lines, i);
        }
        long outputRow = (long) slice * height.outputSize() + row;
        int panel = (int) panelChunks.start(panelChunk);
        int endPanel = (int) panelChunks.start(panelChunk + 1);
        int endFull = Math.min(endPanel, fullPanels);
        if (panel < endFull) {
          panels(table, kind.full, outputRow, count, panel, endFull);
        }
        if (endPanel > fullPanels) {
          panels(table, kind.rest, outputRow, count, fullPanels, endPanel);
        }
        group += count;
      }
    }

    /** Writes the addresses of the lines of the input that a tile's rows of the output read. */
    private void addresses(MemorySegment table, int slice, int row, TapLines lines, int index) {
      int y = row * height.stride() - height.padBegin();
      int z = slice % depth.outputSize() * depth.stride() - depth.padBegin();
      long image = slice / depth.outputSize();
      long lineBytes = width.size() * inputPixelBytes();
      long input = operands.input().address();
      long at = ChannelTileCode.HEAD_BYTES + 8L * index * lines.count();
      for (int kd = 0; kd < depth.kernel(); kd++) {
        int inputSlice = z + kd * depth.dilation();
        boolean inDepth = inputSlice >= 0 && inputSlice < depth.size();
        long first = (image * depth.size() + inputSlice) * height.size();
        for (int i = 0; i < lines.offsets().size(); i++) {
          int line = y + lines.offsets().get(i);
          boolean inside = inDepth && line >= 0 && line < height.size();
          long address = inside ? input + (first + line) * lineBytes : padding.address();
          table.set(ValueLayout.JAVA_LONG, at, address);
          at += 8;
        }
      }
    }

    private void panels(
        MemorySegment table, @Nullable Code code, long row, int count, int from, int to) {
      int channel = from * layout.vectors() * LANES;
      long at = row * output.rowBytes() + problem.types().output().bytes(channel);
      table.set(
          ValueLayout.JAVA_LONG,
          ChannelTileCode.CHANNEL_AT,
          problem.types().input().bytes(channel));
      NativeCall.tiles(
          Objects.requireNonNull(code).lease.entry(),
          table.address(),
          Objects.requireNonNull(packed).address() + from * packing.panelBytes(),
          target.address() + at,
          Objects.requireNonNull(channels).address() + from * constants.panelBytes(),
          count,
          to - from,
          residual.address() + at,
          code.table.address());
    }
  }

  /** A line of the input that is all padding. */
  private MemorySegment paddingLine(byte value) {
    PaddingLine line = paddingLine;
    if (line == null || line.value != value) {
      long bytes = width.size() * inputPixelBytes();
      line = new PaddingLine(value, Arena.ofAuto().allocate(bytes, VECTOR_BYTES).fill(value));
      paddingLine = line;
    }
    return line.memory;
  }

  @Override
  public void close() {
    rows.close();
    if (lastRows != null) {
      lastRows.close();
    }
    arena.close();
  }
}
