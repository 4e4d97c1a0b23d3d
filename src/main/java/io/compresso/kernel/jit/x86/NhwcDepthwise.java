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
import io.compresso.kernel.ZeroedMemory;
import io.compresso.kernel.jit.CodeCache;
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
  private static final int CHUNKS_PER_THREAD = 6;
  private static final long LEAST_MACS = 1 << 17;
  private static final long CACHE = 400 << 10;

  private final KernelSpec spec;
  private final ConvProblem problem;
  private final SpatialAxis depth;
  private final SpatialAxis height;
  private final SpatialAxis width;
  private final boolean quads;
  private final DepthwiseTiling tiling;
  private final PanelLayout layout;
  private final DepthwiseFilters packing;
  private final ChannelConstants constants;
  private final Output output;

  /** For panels of whole vectors, those of most rows first. */
  private final List<Code> full;

  /** For the last panel when it is not whole, those of most rows first. */
  private final List<Code> rest;

  /** Rows of the output that are dealt together. */
  private final int groupRows;

  private final int rowGroups;
  private final Shares groupChunks;
  private final Shares panelChunks;
  private final int blockGroups;
  private final int fullPanels;
  private final Arena arena = Arena.ofShared();
  private final @Nullable MemorySegment filters;
  private final int[] filterSums;
  private volatile @Nullable PaddingLine paddingLine;

  private record PaddingLine(byte value, MemorySegment memory) {}

  /** Tiles of some rows of the output. */
  private record Code(TapLines lines, CodeCache.Lease lease, MemorySegment table) {
    int rows() {
      return lines.outputRows();
    }
  }

  NhwcDepthwise(KernelSpec spec, ConvProblem problem, Weights weights) {
    this.spec = spec;
    this.problem = problem;
    this.quads = takesQuads(problem, weights.quantization());
    this.tiling = new DepthwiseTiling(problem, quads);
    List<SpatialAxis> axes = tiling.axes();
    this.depth = axes.get(0);
    this.height = axes.get(1);
    this.width = axes.get(2);
    int channels = problem.channels().out();
    int vectors = quads ? ChannelTileCode.QUAD_VECTORS : 1;
    this.layout = new PanelLayout(vectors, LANES, channels, quads);
    this.packing =
        new DepthwiseFilters(problem, tiling.tile(tiling.oneRow()), layout, weights.quantization());
    this.constants =
        new ChannelConstants(
            problem, layout, weights, quads ? Arithmetic.BYTES.move(problem.types().input()) : 0);
    DType type = problem.types().output();
    long pixelBytes = type.bytes(channels);
    this.output =
        new Output(
            type, pixelBytes, width.outputSize() * pixelBytes, weights.quantization().scalesDown());
    this.fullPanels = channels / (vectors * LANES);
    TapLines halves = tiling.halves();
    int restChannels = channels % (vectors * LANES);
    this.full = fullPanels > 0 ? codes(weights, null, 0) : List.of();
    this.rest =
        restChannels > 0
            ? codes(weights, halves, quads ? restChannels : restChannels % LANES)
            : List.of();
    this.groupRows =
        Math.max(tiling.lines().outputRows(), halves == null ? 1 : halves.outputRows());
    this.rowGroups = Math.ceilDiv(height.outputSize(), groupRows);
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
        Math.max(1, (long) groupRows * height.stride() * width.size() * inputPixelBytes());
    this.blockGroups = (int) Math.clamp(panels == 1 ? groups : CACHE / groupBytes, 1, groups);
    MemorySegment data = weights.data();
    if (data == null) {
      filters = null;
      filterSums = new int[0];
    } else {
      MemorySegment memory =
          ZeroedMemory.allocate(arena, packing.bytes() + constants.bytes(), VECTOR_BYTES);
      filters = memory.asSlice(0, packing.bytes());
      constants.reserve(memory.asSlice(packing.bytes()));
      filterSums = packing.pack(data, filters);
    }
  }

  /** Whether there is code for a depthwise problem. */
  static boolean accepts(ConvProblem problem, VectorSet set) {
    return set == VectorSet.AVX512
        && new DepthwiseTiling(problem, true).isAccepted()
        && new DepthwiseTiling(problem, false).isAccepted();
  }

  private static boolean takesQuads(ConvProblem problem, WeightQuantization quantization) {
    return problem.types().isInt8()
        && problem.types().output().bits() == 8
        && problem.epilogue().residual() == Residual.NONE
        && !Requantizer.crosses(problem, quantization);
  }

  /** The code for all rows of a slice: tiles of most rows, and fewer for those that they leave. */
  private List<Code> codes(Weights weights, @Nullable TapLines halves, int tail) {
    List<Code> codes = new ArrayList<>();
    int left = height.outputSize();
    if (halves != null) {
      codes.add(code(weights, halves, tail, true));
      left %= halves.outputRows();
    }
    TapLines lines = tiling.lines();
    if (left >= lines.outputRows()) {
      codes.add(code(weights, lines, tail, false));
      left %= lines.outputRows();
    }
    if (left > 0) {
      codes.add(code(weights, tiling.oneRow(), tail, false));
    }
    return List.copyOf(codes);
  }

  private Code code(Weights weights, TapLines lines, int tail, boolean halves) {
    TileShape shape =
        new TileShape(
            problem.types().isInt8() ? Arithmetic.WIDENED_BYTES : Arithmetic.FLOATS,
            new Window(0, 0, List.of(), 0, 0),
            1,
            halves ? lines.outputRows() / 2 : lines.outputRows(),
            new Split(width.outputSize(), 1),
            layout.vectors(),
            tail,
            true,
            output,
            problem.epilogue(),
            weights.quantization().outputZeroPoint(),
            weights.residual());
    ChannelTileCode code = new ChannelTileCode(tiling.tile(lines), lines, shape, quads, halves);
    return new Code(
        lines,
        CodeCache.lease(code, code::generate),
        new TileStores(VectorSet.AVX512, shape).table());
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

  /** Rows of a slice of the output. */
  private record Rows(int slice, int first, int end) {}

  /** Runs on the same memory, one at a time. */
  private final class Run implements Runnable {
    private final Operands operands;
    private final int threads;
    private final MemorySegment residual;
    private final MemorySegment padding;
    private final Workers.ChunkTask computing = this::chunk;
    private final Arena memory = Arena.ofAuto();
    private final @Nullable MemorySegment ofChannels;
    private CallSequence[] sequences = {};

    Run(Operands operands, int threads) {
      this.operands = operands;
      this.threads = threads;
      this.residual = operands.third() == null ? operands.output() : operands.third();
      this.padding = paddingLine(problem.types().isInt8() ? (byte) operands.inputZeroPoint() : 0);
      this.ofChannels = filters == null ? null : constants.of(operands, filterSums, true);
      if (filters != null && ofChannels != null) {
        sequences = sequences(filters, ofChannels);
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
        sequences = sequences(packed, channels);
        compute();
        Reference.reachabilityFence(channels);
      }
    }

    private void compute() {
      Workers.shared().run(sequences.length, threads, computing);
      Reference.reachabilityFence(this);
    }

    private void chunk(int chunk) {
      sequences[chunk].run();
    }

    /** The calls of each chunk: of blocks of rows, those of each slice on their own. */
    private CallSequence[] sequences(MemorySegment packed, MemorySegment channels) {
      boolean whole = threads == 1;
      Shares groups = whole ? new Shares(groupChunks.size(), 1) : groupChunks;
      Shares panels = whole ? new Shares(panelChunks.size(), 1) : panelChunks;
      CallSequence[] chunks = new CallSequence[groups.parts() * panels.parts()];
      for (int chunk = 0; chunk < chunks.length; chunk++) {
        List<CallSequence.Call> ofChunk = new ArrayList<>();
        int panelChunk = chunk / groups.parts();
        int groupChunk = chunk % groups.parts();
        int panel = (int) panels.start(panelChunk);
        int endPanel = (int) panels.start(panelChunk + 1);
        int endFull = Math.min(endPanel, fullPanels);
        int end = (int) groups.start(groupChunk + 1);
        for (int group = (int) groups.start(groupChunk); group < end; ) {
          int inSlice = group % rowGroups;
          int count = Math.min(Math.min(blockGroups, end - group), rowGroups - inSlice);
          int row = inSlice * groupRows;
          int endRow = Math.min(row + count * groupRows, height.outputSize());
          Rows rows = new Rows(group / rowGroups, row, endRow);
          if (panel < endFull) {
            add(ofChunk, full, rows, panel, endFull - panel, packed, channels);
          }
          if (endPanel > fullPanels) {
            add(ofChunk, rest, rows, fullPanels, endPanel - fullPanels, packed, channels);
          }
          group += count;
        }
        chunks[chunk] = new CallSequence(ofChunk);
      }
      return chunks;
    }

    private void add(
        List<CallSequence.Call> all,
        List<Code> codes,
        Rows rows,
        int panel,
        int panels,
        MemorySegment packed,
        MemorySegment channels) {
      int channel = panel * layout.vectors() * LANES;
      int row = rows.first;
      for (Code code : codes) {
        int count = (rows.end - row) / code.rows();
        if (count > 0) {
          long outputRow = (long) rows.slice * height.outputSize() + row;
          long at = outputRow * output.rowBytes() + problem.types().output().bytes(channel);
          all.add(
              new CallSequence.Call(
                  code.lease.entry(),
                  lines(code.lines, rows.slice, row, count, channel).address(),
                  packed.address() + panel * packing.panelBytes(),
                  operands.output().address() + at,
                  channels.address() + panel * constants.panelBytes(),
                  count,
                  panels,
                  residual.address() + at,
                  code.table.address()));
          row += count * code.rows();
        }
      }
    }

    /** What the code is told of the lines of the input. */
    private MemorySegment lines(TapLines lines, int slice, int row, int count, int channel) {
      MemorySegment table =
          memory.allocate(ChannelTileCode.HEAD_BYTES + 8L * count * lines.count(), VECTOR_BYTES);
      int zeroPoint = problem.types().isInt8() ? constants.inputZeroPoint(operands) : 0;
      int pattern = quads ? (zeroPoint & 0xFF) * 0x01010101 : zeroPoint;
      for (int i = 0; i < ChannelTileCode.PADDING_BYTES; i += 4) {
        table.set(ValueLayout.JAVA_INT, i, pattern);
      }
      table.set(
          ValueLayout.JAVA_LONG,
          ChannelTileCode.CHANNEL_AT,
          problem.types().input().bytes(channel));
      for (int i = 0; i < count; i++) {
        addresses(table, slice, row + i * lines.outputRows(), lines, i);
      }
      return table;
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
    full.forEach(code -> code.lease.close());
    rest.forEach(code -> code.lease.close());
    arena.close();
  }
}
