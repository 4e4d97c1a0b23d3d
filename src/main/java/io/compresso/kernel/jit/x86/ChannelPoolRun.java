package io.compresso.kernel.jit.x86;

import io.compresso.kernel.BoundKernel;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.x86.PoolRuns.Run;
import io.compresso.kernel.panel.Chunks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** A prepared pooling of NHWC: {@link ChannelPoolCode} called for runs of outputs of a row. */
final class ChannelPoolRun implements BoundKernel {
  private final KernelSpec spec;
  private final PoolProblem problem;
  private final SpatialAxis[] axes;
  private final List<List<Run>> runs;
  private final int pixelBytes;
  private final CodeCache.Lease code;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment strides;
  private final MemorySegment[] cases;

  ChannelPoolRun(
      KernelSpec spec, VectorSet set, PoolProblem problem, WeightQuantization quantization) {
    this.spec = spec;
    this.problem = problem;
    this.axes = PoolRuns.threeAxes(problem).toArray(SpatialAxis[]::new);
    this.runs = List.of(axes).stream().map(PoolRuns::of).toList();
    this.pixelBytes = problem.channels() * Lanes.bytes(problem.type());
    ChannelPoolCode.Source source = new ChannelPoolCode.Source(set, problem.type(), problem.kind());
    this.code = CodeCache.lease(source, () -> source.create().generate());
    this.strides = arena.allocate(RowsCode.EXTRAS_AT + 4L * RowsCode.EXTRAS, 8);
    strides.set(ValueLayout.JAVA_LONG, 0, (long) axes[2].stride() * pixelBytes);
    strides.set(ValueLayout.JAVA_LONG, 16, pixelBytes);
    strides.set(ValueLayout.JAVA_INT, RowsCode.EXTRAS_AT, quantization.outputZeroPoint());
    this.cases = cases(quantization);
  }

  private MemorySegment[] cases(WeightQuantization quantization) {
    long rowBytes = (long) axes[2].size() * pixelBytes;
    long[] pitches = {axes[1].size() * rowBytes, rowBytes, pixelBytes};
    MemorySegment[] all =
        new MemorySegment[runs.get(0).size() * runs.get(1).size() * runs.get(2).size()];
    int next = 0;
    for (Run depth : runs.get(0)) {
      for (Run height : runs.get(1)) {
        for (Run width : runs.get(2)) {
          Run[] taps = {depth, height, width};
          all[next++] = PoolCase.create(arena, problem, quantization, axes, taps, pitches);
        }
      }
    }
    return all;
  }

  @Override
  public PoolProblem problem() {
    return problem;
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Runnable bind(Operands operands, int threads) {
    operands.require(problem, true);
    if (problem.channels() == 0 || axes[2].outputSize() == 0) {
      return () -> {};
    }
    long rows = (long) problem.batch() * axes[0].outputSize() * axes[1].outputSize();
    return Chunks.bindEach(
        rows,
        problem.inputBytes() + problem.outputBytes(),
        threads,
        row -> row(operands.input().address(), operands.output().address(), row));
  }

  /** Pools a row of outputs. */
  private void row(long input, long output, long row) {
    int h = (int) (row % axes[1].outputSize());
    int d = (int) (row / axes[1].outputSize() % axes[0].outputSize());
    long image = row / axes[1].outputSize() / axes[0].outputSize();
    int depthCase = caseOf(0, d);
    int heightCase = caseOf(1, h);
    long z = start(0, depthCase, d);
    long y = start(1, heightCase, h);
    long from = (image * axes[0].size() + z) * axes[1].size() + y;
    int base = (depthCase * runs.get(1).size() + heightCase) * runs.get(2).size();
    for (int i = 0; i < runs.get(2).size(); i++) {
      Run run = runs.get(2).get(i);
      NativeCall.block(
          code.entry(),
          input + (from * axes[2].size() + run.start(axes[2])) * pixelBytes,
          cases[base + i].address(),
          output + (row * axes[2].outputSize() + run.first()) * pixelBytes,
          0,
          run.count(),
          problem.channels(),
          strides.address());
    }
  }

  private int caseOf(int axis, int output) {
    List<Run> list = runs.get(axis);
    for (int i = 0; i < list.size(); i++) {
      if (output < list.get(i).first() + list.get(i).count()) {
        return i;
      }
    }
    throw new IllegalStateException("output " + output);
  }

  /** The input's position of the first tap of an output. */
  private long start(int axis, int runIndex, int output) {
    int tap = runs.get(axis).get(runIndex).tap();
    return (long) output * axes[axis].stride()
        + (long) tap * axes[axis].dilation()
        - axes[axis].padBegin();
  }

  @Override
  public void close() {
    code.close();
    arena.close();
  }
}
