package io.compresso.kernel.jit.x86;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
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
final class NhwcDepthwise implements PreparedKernel {
  private static final int LANES = 16;
  private static final int VECTOR_BYTES = 64;
  private static final int PLAIN_VECTORS = 2;
  private static final int MOST_QUAD_PIXELS = 4;
  private static final int INTERLEAVING_COST = 12;
  private static final int STORING_COST = 24;
  private static final int CHUNKS_PER_THREAD = 6;
  private static final long LEAST_MACS = 1 << 17;
  private static final long CACHE = 192 << 10;

  private final KernelSpec spec;
  private final ConvProblem problem;
  private final SpatialAxis depth;
  private final SpatialAxis height;
  private final SpatialAxis width;
  private final boolean quads;
  private final ChannelTile tile;
  private final PanelLayout layout;
  private final DepthwiseFilters packing;
  private final ChannelConstants constants;
  private final Output output;
  private final Split rowChunks;
  private final Split panelChunks;
  private final int blockRows;
  private final int fullPanels;
  private final CodeCache.@Nullable Lease full;
  private final CodeCache.@Nullable Lease rest;
  private final MemorySegment fullTable;
  private final MemorySegment restTable;
  private final Arena arena = Arena.ofShared();
  private final @Nullable MemorySegment filters;
  private final int[] filterSums;

  NhwcDepthwise(KernelSpec spec, ConvProblem problem, Weights weights) {
    this.spec = spec;
    this.problem = problem;
    List<SpatialAxis> axes = axes(problem);
    this.depth = axes.get(0);
    this.height = axes.get(1);
    this.width = axes.get(2);
    this.quads = takesQuads(problem, weights.quantization());
    int channels = problem.channels().out();
    int vectors =
        quads
            ? ChannelTileCode.QUAD_VECTORS
            : Math.min(PLAIN_VECTORS, Math.ceilDiv(channels, LANES));
    this.tile = quads ? quadTile(problem) : plainTile(problem, vectors);
    this.layout = new PanelLayout(vectors, LANES, channels, quads);
    this.packing = new DepthwiseFilters(problem, tile, layout, weights.quantization());
    this.constants =
        new ChannelConstants(
            problem, layout, weights, quads ? Arithmetic.BYTES.move(problem.types().input()) : 0);
    DType type = problem.types().output();
    long pixelBytes = type.bytes(channels);
    this.output = new Output(type, pixelBytes, width.outputSize() * pixelBytes);
    this.fullPanels = channels / (vectors * LANES);
    int restChannels = channels % (vectors * LANES);
    TileShape fullShape = shape(weights, vectors, 0);
    TileShape restShape =
        quads
            ? shape(weights, vectors, restChannels)
            : shape(weights, Math.ceilDiv(restChannels, LANES), restChannels % LANES);
    this.full = fullPanels > 0 ? lease(fullShape) : null;
    this.rest = restChannels > 0 ? lease(restShape) : null;
    this.fullTable = new TileStores(VectorSet.AVX512, fullShape).table();
    this.restTable = new TileStores(VectorSet.AVX512, restShape).table();
    int threads = Workers.shared().size();
    int rows = Math.toIntExact(problem.outputArea() * problem.batch() / width.outputSize());
    int wanted =
        threads == 1
            ? 1
            : (int) Math.clamp(problem.macs() / LEAST_MACS, 1, (long) CHUNKS_PER_THREAD * threads);
    this.rowChunks = new Split(rows, Math.min(rows, wanted));
    int panels = layout.panels();
    this.panelChunks = new Split(panels, Math.min(panels, Math.ceilDiv(wanted, rowChunks.parts())));
    long rowBytes = Math.max(1, height.stride() * width.size() * tile.pixelBytes());
    this.blockRows = (int) Math.clamp(panels == 1 ? rows : CACHE / rowBytes, 1, rows);
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
    int vectors = Math.min(PLAIN_VECTORS, Math.ceilDiv(problem.channels().out(), LANES));
    return set == VectorSet.AVX512
        && ChannelTileCode.accepts(quadTile(problem))
        && ChannelTileCode.accepts(plainTile(problem, vectors));
  }

  private static List<SpatialAxis> axes(ConvProblem problem) {
    List<SpatialAxis> axes = new ArrayList<>(problem.axes());
    while (axes.size() < 3) {
      axes.addFirst(SpatialAxis.of(1, 1, 0));
    }
    return axes;
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

  private static ChannelTile plainTile(ConvProblem problem, int vectors) {
    int size = axes(problem).get(2).outputSize();
    int most = TileCode.mostPixels(VectorSet.AVX512, Arithmetic.FLOATS, vectors);
    return tile(problem, Math.ceilDiv(size, Math.ceilDiv(size, most)));
  }

  private static ChannelTile quadTile(ConvProblem problem) {
    ChannelTile best = tile(problem, 1);
    double least = Double.POSITIVE_INFINITY;
    int most = Math.min(MOST_QUAD_PIXELS, axes(problem).get(2).outputSize());
    for (int pixels = 1; pixels <= most; pixels++) {
      ChannelTile candidate = tile(problem, pixels);
      double row =
          INTERLEAVING_COST * candidate.quads().size()
              + ChannelTileCode.QUAD_VECTORS * candidate.slots().size();
      double cost = candidate.rows() * row / pixels + STORING_COST;
      if (cost < least) {
        least = cost;
        best = candidate;
      }
    }
    return best;
  }

  private TileShape shape(Weights weights, int vectors, int tail) {
    return new TileShape(
        problem.types().isInt8() ? Arithmetic.WIDENED_BYTES : Arithmetic.FLOATS,
        new Window(0, 0, List.of(), 0, 0),
        1,
        1,
        new Split(width.outputSize(), 1),
        vectors,
        tail,
        true,
        output,
        problem.epilogue(),
        weights.quantization().outputZeroPoint(),
        weights.residual());
  }

  private CodeCache.Lease lease(TileShape shape) {
    ChannelTileCode code = new ChannelTileCode(tile, shape, quads);
    return CodeCache.lease(code, code::generate);
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
    bind(operands, threads).run();
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
    private final Workers.ChunkTask computing = this::chunk;
    private @Nullable MemorySegment packed = filters;
    private @Nullable MemorySegment channels;

    Run(Operands operands, int threads) {
      this.operands = operands;
      this.threads = threads;
      this.target = operands.output();
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
      Workers.shared().run(rowChunks.parts() * panelChunks.parts(), threads, computing);
      Reference.reachabilityFence(this);
    }

    private void chunk(int chunk) {
      int rowChunk = chunk % rowChunks.parts();
      int panelChunk = chunk / rowChunks.parts();
      long paddingRow = width.size() * tile.pixelBytes();
      long pointers = 8L * blockRows * tile.rows();
      try (Scratch scratch = Scratch.of(ChannelTileCode.HEAD_BYTES + pointers + paddingRow)) {
        MemorySegment rows = scratch.memory();
        long padding = ChannelTileCode.HEAD_BYTES + pointers;
        boolean integer = problem.types().isInt8();
        int zeroPoint = integer ? constants.inputZeroPoint(operands) : 0;
        byte filling = integer ? (byte) operands.inputZeroPoint() : 0;
        fill(rows, padding, paddingRow, filling);
        int pattern = quads ? (zeroPoint & 0xFF) * 0x01010101 : zeroPoint;
        for (int i = 0; i < ChannelTileCode.PADDING_BYTES; i += 4) {
          rows.set(ValueLayout.JAVA_INT, i, pattern);
        }
        int end = rowChunks.start(rowChunk + 1);
        for (int row = rowChunks.start(rowChunk); row < end; row += blockRows) {
          int count = Math.min(blockRows, end - row);
          for (int i = 0; i < count; i++) {
            pointers(rows.address() + padding, row + i, rows, i);
          }
          int panel = panelChunks.start(panelChunk);
          int endPanel = panelChunks.start(panelChunk + 1);
          int endFull = Math.min(endPanel, fullPanels);
          if (panel < endFull) {
            panels(rows, row, count, panel, endFull);
          }
          if (endPanel > fullPanels) {
            panels(rows, row, count, fullPanels, endPanel);
          }
        }
      }
    }

    private static void fill(MemorySegment target, long from, long bytes, byte value) {
      long pattern = (value & 0xFF) * 0x0101010101010101L;
      long whole = from + bytes / Long.BYTES * Long.BYTES;
      for (long at = from; at < whole; at += Long.BYTES) {
        target.set(ValueLayout.JAVA_LONG_UNALIGNED, at, pattern);
      }
      for (long at = whole; at < from + bytes; at++) {
        target.set(ValueLayout.JAVA_BYTE, at, value);
      }
    }

    /** Writes the addresses of the rows of the input that a row of the output reads. */
    private void pointers(long padding, int row, MemorySegment rows, int index) {
      int slice = row / height.outputSize();
      int y = row % height.outputSize() * height.stride() - height.padBegin();
      int z = slice % depth.outputSize() * depth.stride() - depth.padBegin();
      long image = slice / depth.outputSize();
      long rowBytes = width.size() * tile.pixelBytes();
      long input = operands.input().address();
      long at = ChannelTileCode.HEAD_BYTES + 8L * index * tile.rows();
      for (int kd = 0; kd < depth.kernel(); kd++) {
        int inputSlice = z + kd * depth.dilation();
        for (int kh = 0; kh < height.kernel(); kh++) {
          int inputRow = y + kh * height.dilation();
          boolean inside =
              inputSlice >= 0
                  && inputSlice < depth.size()
                  && inputRow >= 0
                  && inputRow < height.size();
          long number = (image * depth.size() + inputSlice) * height.size() + inputRow;
          rows.set(ValueLayout.JAVA_LONG, at, inside ? input + number * rowBytes : padding);
          at += 8;
        }
      }
    }

    private void panels(MemorySegment rows, int row, int count, int from, int to) {
      boolean isFull = from < fullPanels;
      int channel = from * layout.vectors() * LANES;
      long at = row * output.rowBytes() + problem.types().output().bytes(channel);
      rows.set(
          ValueLayout.JAVA_LONG,
          ChannelTileCode.CHANNEL_AT,
          problem.types().input().bytes(channel));
      NativeCall.tiles(
          Objects.requireNonNull(isFull ? full : rest).entry(),
          rows.address(),
          Objects.requireNonNull(packed).address() + from * packing.panelBytes(),
          target.address() + at,
          Objects.requireNonNull(channels).address() + from * constants.panelBytes(),
          count,
          to - from,
          residual.address() + at,
          (isFull ? fullTable : restTable).address());
    }
  }

  @Override
  public void close() {
    if (full != null) {
      full.close();
    }
    if (rest != null) {
      rest.close();
    }
    arena.close();
  }
}
