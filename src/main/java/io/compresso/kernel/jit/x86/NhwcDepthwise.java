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

  /**
   * A call of the code, see {@link ChannelTileCode}.
   *
   * @param at the addresses of the head, the filters, the output, the constants and the residual
   */
  private record Call(Code code, Place at, int count, int panels) {
    void run() {
      NativeCall.tiles(
          code.lease.entry(),
          at.head,
          at.filters,
          at.output,
          at.constants,
          count,
          panels,
          at.residual,
          code.table.address());
    }
  }

  private record Place(long head, long filters, long output, long constants, long residual) {}

  /** Runs on the same memory, one at a time. */
  private final class Run implements Runnable {
    private final Operands operands;
    private final int threads;
    private final MemorySegment residual;
    private final MemorySegment padding;
    private final Workers.ChunkTask computing = this::chunk;
    private final Arena memory = Arena.ofAuto();
    private final MemorySegment lines;
    private final @Nullable MemorySegment ofChannels;
    private Call[][] calls = {};

    Run(Operands operands, int threads) {
      this.operands = operands;
      this.threads = threads;
      this.residual = operands.third() == null ? operands.output() : operands.third();
      this.padding = paddingLine(problem.types().isInt8() ? (byte) operands.inputZeroPoint() : 0);
      int slices = problem.batch() * depth.outputSize();
      this.lines = memory.allocate(8L * rows.lines.count() * rowGroups * slices, 8);
      for (int group = 0; group < rowGroups * slices; group++) {
        addAddresses(group);
      }
      this.ofChannels = filters == null ? null : constants.of(operands, filterSums, true);
      if (filters != null && ofChannels != null) {
        calls = calls(filters, ofChannels);
      }
    }

    @Override
    public void run() {
      if (filters != null) {
        compute();
        return;
      }
      try (Scratch given = Scratch.of(packing.bytes())) {
        MemorySegment packed = given.segment();
        int[] sums = packing.pack(Objects.requireNonNull(operands.second()), packed);
        MemorySegment channels = constants.of(operands, sums, false);
        calls = calls(packed, channels);
        compute();
        Reference.reachabilityFence(channels);
      }
    }

    private void compute() {
      Workers.shared().run(calls.length, threads, computing);
      Reference.reachabilityFence(this);
    }

    private void chunk(int chunk) {
      for (Call call : calls[chunk]) {
        call.run();
      }
    }

    private Call[][] calls(MemorySegment packed, MemorySegment channels) {
      Call[][] chunks = new Call[groupChunks.parts() * panelChunks.parts()][];
      for (int chunk = 0; chunk < chunks.length; chunk++) {
        List<Call> ofChunk = new ArrayList<>();
        int panelChunk = chunk / groupChunks.parts();
        int groupChunk = chunk % groupChunks.parts();
        int end = (int) groupChunks.start(groupChunk + 1);
        for (int group = (int) groupChunks.start(groupChunk); group < end; group += blockGroups) {
          add(ofChunk, group, Math.min(end, group + blockGroups), panelChunk, packed, channels);
        }
        chunks[chunk] = ofChunk.toArray(Call[]::new);
      }
      return chunks;
    }

    /** Adds the calls for groups of rows, those of each slice on their own. */
    private void add(
        List<Call> all,
        int first,
        int end,
        int panelChunk,
        MemorySegment packed,
        MemorySegment channels) {
      int whole = height.outputSize() / rows.lines.outputRows();
      for (int group = first; group < end; ) {
        int inSlice = group % rowGroups;
        Rows kind = inSlice < whole ? rows : Objects.requireNonNull(lastRows);
        int count = Math.min(end - group, (inSlice < whole ? whole : rowGroups) - inSlice);
        int panel = (int) panelChunks.start(panelChunk);
        int endPanel = (int) panelChunks.start(panelChunk + 1);
        int endFull = Math.min(endPanel, fullPanels);
        if (panel < endFull) {
          Place place = place(group, panel, packed, channels);
          all.add(new Call(Objects.requireNonNull(kind.full), place, count, endFull - panel));
        }
        if (endPanel > fullPanels) {
          Place place = place(group, fullPanels, packed, channels);
          all.add(new Call(Objects.requireNonNull(kind.rest), place, count, endPanel - fullPanels));
        }
        group += count;
      }
    }

    private Place place(int group, int panel, MemorySegment packed, MemorySegment channels) {
      int channel = panel * layout.vectors() * LANES;
      long row =
          (long) group / rowGroups * height.outputSize()
              + (long) group % rowGroups * rows.lines.outputRows();
      long at = row * output.rowBytes() + problem.types().output().bytes(channel);
      return new Place(
          head(group, problem.types().input().bytes(channel)).address(),
          packed.address() + panel * packing.panelBytes(),
          operands.output().address() + at,
          channels.address() + panel * constants.panelBytes(),
          residual.address() + at);
    }

    private MemorySegment head(int group, long channelBytes) {
      MemorySegment head = memory.allocate(ChannelTileCode.HEAD_BYTES, VECTOR_BYTES);
      int zeroPoint = problem.types().isInt8() ? constants.inputZeroPoint(operands) : 0;
      int pattern = quads ? (zeroPoint & 0xFF) * 0x01010101 : zeroPoint;
      for (int i = 0; i < ChannelTileCode.PADDING_BYTES; i += 4) {
        head.set(ValueLayout.JAVA_INT, i, pattern);
      }
      head.set(ValueLayout.JAVA_LONG, ChannelTileCode.CHANNEL_AT, channelBytes);
      long first = lines.address() + 8L * group * rows.lines.count();
      head.set(ValueLayout.JAVA_LONG, ChannelTileCode.LINES_AT, first);
      return head;
    }

    /** Writes the addresses of the lines of the input that a group of rows of the output reads. */
    private void addAddresses(int group) {
      int inSlice = group % rowGroups;
      int slice = group / rowGroups;
      boolean isWhole = (inSlice + 1) * rows.lines.outputRows() <= height.outputSize();
      TapLines taps = (isWhole ? rows : Objects.requireNonNull(lastRows)).lines;
      int y = inSlice * rows.lines.outputRows() * height.stride() - height.padBegin();
      int z = slice % depth.outputSize() * depth.stride() - depth.padBegin();
      long image = slice / depth.outputSize();
      long lineBytes = width.size() * inputPixelBytes();
      long at = 8L * group * rows.lines.count();
      for (int kd = 0; kd < depth.kernel(); kd++) {
        int inputSlice = z + kd * depth.dilation();
        boolean inDepth = inputSlice >= 0 && inputSlice < depth.size();
        long first = (image * depth.size() + inputSlice) * height.size();
        for (int i = 0; i < taps.offsets().size(); i++) {
          int line = y + taps.offsets().get(i);
          boolean inside = inDepth && line >= 0 && line < height.size();
          long address =
              inside ? operands.input().address() + (first + line) * lineBytes : padding.address();
          lines.set(ValueLayout.JAVA_LONG, at, address);
          at += 8;
        }
      }
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
