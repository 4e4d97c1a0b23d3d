package io.compresso.kernel.jit.x86;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.ConvPlanes;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import io.compresso.kernel.panel.Scratch;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A prepared convolution over NCHW of one filter a channel, see {@link DepthwiseCode}. */
final class DepthwiseRun implements PreparedKernel {
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final int CONSTANT_BYTES = 12;
  private static final long LEAST_MACS = 1 << 16;

  private final KernelSpec spec;
  private final ConvProblem problem;
  private final ConvPlanes planes;
  private final boolean floats;
  private final int taps;
  private final @Nullable MemorySegment floatBias;
  private final Requantizer requantizer;
  private final CodeCache.Lease code;
  private final Arena arena = Arena.ofShared();
  private final @Nullable MemorySegment filters;

  DepthwiseRun(KernelSpec spec, ConvProblem problem, Weights weights) {
    this.spec = spec;
    this.problem = problem;
    this.planes = new ConvPlanes(problem);
    this.floats = problem.types().input() == DType.FLOAT;
    this.taps = planes.taps().size();
    this.requantizer = new Requantizer(VectorSet.AVX512, problem, weights, BiasAxis.ROWS, 0, 0);
    DepthwiseCode generator =
        new DepthwiseCode(
            geometry(problem, planes),
            problem.types().input(),
            problem.types().output(),
            problem.epilogue(),
            weights.quantization().outputZeroPoint());
    this.code = CodeCache.lease(generator, generator::generate);
    this.floatBias =
        floats && problem.epilogue().bias()
            ? arena
                .allocate(4L * problem.channels().out(), 64)
                .copyFrom(Objects.requireNonNull(weights.bias()))
            : null;
    MemorySegment data = weights.data();
    if (data == null) {
      filters = null;
    } else {
      filters = arena.allocate(filterBytes(), 64);
      pack(data, filters);
    }
  }

  /** Whether there is code for the problem, and the weights have no zero points. */
  static boolean accepts(ConvProblem problem, Weights weights, VectorSet set) {
    if (set != VectorSet.AVX512
        || !problem.isDepthwise()
        || problem.channels().outPerGroup() != 1
        || problem.axes().size() > 2
        || problem.outputBytes() == 0) {
      return false;
    }
    boolean symmetric =
        !problem.types().isInt8() || !Requantizer.crosses(problem, weights.quantization());
    return symmetric && DepthwiseCode.accepts(geometry(problem, new ConvPlanes(problem)));
  }

  private static DepthwiseCode.Geometry geometry(ConvProblem problem, ConvPlanes planes) {
    int columns = planes.rowLength();
    return new DepthwiseCode.Geometry(
        planes.patches(),
        planes.taps(),
        planes.rowStride(),
        problem.inputArea(),
        (int) (problem.outputArea() / columns),
        columns);
  }

  /** Bytes of the filters, and of their sums. */
  private long filterBytes() {
    return 4L * problem.channels().out() * (taps + 1);
  }

  private void pack(MemorySegment data, MemorySegment target) {
    int channels = problem.channels().out();
    if (floats) {
      MemorySegment.copy(data, 0, target, 0, data.byteSize());
      return;
    }
    int flip = Requantizer.weightFlip(problem);
    for (int channel = 0; channel < channels; channel++) {
      int sum = 0;
      for (int tap = 0; tap < taps; tap++) {
        long index = (long) channel * taps + tap;
        byte value = (byte) (data.get(BYTE, index) ^ flip);
        sum += value;
        target.setAtIndex(INT, index, value & 0xFF);
      }
      target.setAtIndex(INT, (long) channels * taps + channel, sum);
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
  public void run(Operands operands, int threads) {
    operands.require(problem, filters != null);
    int channels = problem.channels().out();
    try (Scratch given = Scratch.of(filters != null ? 0 : filterBytes());
        Scratch constants = Scratch.of((long) CONSTANT_BYTES * channels)) {
      if (filters == null) {
        pack(Objects.requireNonNull(operands.second()), given.segment());
      }
      MemorySegment weights = filters != null ? filters : given.segment();
      byte padding = floats ? 0 : (byte) requantizer.inputZeroPoint(operands.inputZeroPoint());
      constants(operands, weights, constants.segment());
      long macs = Math.max(1, problem.outputArea() * taps);
      int perChunk = (int) Math.clamp(LEAST_MACS / macs, 1, channels);
      int chunks = Math.ceilDiv(channels, perChunk);
      Workers.shared()
          .run(
              Math.multiplyExact(problem.batch(), chunks),
              threads,
              chunk -> {
                int channel = chunk % chunks * perChunk;
                int count = Math.min(perChunk, channels - channel);
                long index = (long) (chunk / chunks) * channels + channel;
                run(operands, weights, constants.segment(), padding, channel, count, index);
              });
    }
  }

  private void run(
      Operands operands,
      MemorySegment weights,
      MemorySegment constants,
      byte padding,
      int channel,
      int count,
      long index) {
    long inputBytes = problem.inputArea() * problem.types().input().bits() / 8;
    long outputBytes = problem.outputArea() * problem.types().output().bits() / 8;
    try (Scratch plane = Scratch.of(DepthwiseCode.planeBytes(planes.channelStride()))) {
      plane.segment().fill(padding);
      NativeCall.block(
          code.entry(),
          operands.input().asSlice(index * inputBytes, count * inputBytes),
          weights.asSlice(4L * channel * taps),
          operands.output().asSlice(index * outputBytes, count * outputBytes),
          constants.asSlice((long) channel * CONSTANT_BYTES),
          count,
          0,
          plane.segment());
    }
  }

  private void constants(Operands operands, MemorySegment weights, MemorySegment target) {
    int channels = problem.channels().out();
    if (floats) {
      for (int channel = 0; channel < channels; channel++) {
        int bias = floatBias == null ? 0 : floatBias.getAtIndex(INT, channel);
        target.setAtIndex(INT, 3L * channel, bias);
      }
      return;
    }
    int zeroPoint = requantizer.inputZeroPoint(operands.inputZeroPoint());
    try (Scratch scratch = Scratch.of(requantizer.constantBytes())) {
      MemorySegment arrays = scratch.segment();
      requantizer.constants(operands.inputScale(), arrays);
      for (int channel = 0; channel < channels; channel++) {
        int sum = weights.getAtIndex(INT, (long) channels * taps + channel);
        int start = requantizer.startOfSum(channel, zeroPoint, sum, taps);
        target.setAtIndex(INT, 3L * channel, start);
        target.setAtIndex(INT, 3L * channel + 1, arrays.getAtIndex(INT, channel));
        target.setAtIndex(INT, 3L * channel + 2, arrays.getAtIndex(INT, channels + channel));
      }
    }
  }

  @Override
  public void close() {
    code.close();
    requantizer.close();
    arena.close();
  }
}
