package io.compresso.kernel.jit.x86;

import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PoolProblem;
import io.compresso.kernel.PoolProblem.Kind;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.jit.x86.PoolRuns.Run;
import io.compresso.kernel.panel.Chunks;
import io.compresso.kernel.panel.Scratch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** A prepared pooling of NCHW: {@link PlanePoolCode} called for runs of rows of a plane. */
final class PlanePoolRun implements PreparedKernel {
  private final KernelSpec spec;
  private final PoolProblem problem;
  private final SpatialAxis[] axes;
  private final List<Run> depthRuns;
  private final List<Run> heightRuns;
  private final int bytes;
  private final CodeCache.Lease code;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment strides;
  private final MemorySegment[] cases;

  PlanePoolRun(
      KernelSpec spec, VectorSet set, PoolProblem problem, WeightQuantization quantization) {
    this.spec = spec;
    this.problem = problem;
    this.axes = PoolRuns.threeAxes(problem).toArray(SpatialAxis[]::new);
    this.depthRuns = PoolRuns.of(axes[0]);
    this.heightRuns = PoolRuns.of(axes[1]);
    this.bytes = Lanes.bytes(problem.type());
    PlanePoolCode.Source source =
        new PlanePoolCode.Source(set, problem.type(), problem.kind(), axes[2]);
    this.code = CodeCache.lease(source, () -> source.create().generate());
    this.strides = arena.allocate(RowsCode.EXTRAS_AT + 4L * RowsCode.EXTRAS, 8);
    strides.set(ValueLayout.JAVA_LONG, 0, (long) axes[1].stride() * axes[2].size() * bytes);
    strides.set(ValueLayout.JAVA_LONG, 16, (long) axes[2].outputSize() * bytes);
    PlanePoolCode.extras(
        strides, quantization.outputZeroPoint(), quantization.scale(0), counts().address());
    this.cases = cases(quantization);
  }

  /** What the averages of each column count. */
  private MemorySegment counts() {
    SpatialAxis axis = axes[2];
    MemorySegment counts = arena.allocate(4L * axis.outputSize(), 4);
    for (Run run : PoolRuns.of(axis)) {
      for (int i = 0; i < run.count(); i++) {
        int count = problem.kind() == Kind.AVERAGE_WITH_PADDING ? axis.kernel() : run.taps();
        counts.setAtIndex(ValueLayout.JAVA_FLOAT, (long) run.first() + i, count);
      }
    }
    return counts;
  }

  private MemorySegment[] cases(WeightQuantization quantization) {
    long row = (long) axes[2].size() * bytes;
    SpatialAxis[] folded = {axes[0], axes[1]};
    long[] pitches = {axes[1].size() * row, row};
    MemorySegment[] all = new MemorySegment[depthRuns.size() * heightRuns.size()];
    int next = 0;
    for (Run depth : depthRuns) {
      for (Run height : heightRuns) {
        Run[] taps = {depth, height};
        all[next++] = PoolCase.create(arena, problem, quantization, folded, taps, pitches);
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
  public void run(Operands operands, int threads) {
    operands.require(problem, true);
    if (problem.outputBytes() == 0) {
      return;
    }
    Chunks.run(
        (long) problem.batch() * problem.channels(),
        problem.inputBytes() + problem.outputBytes(),
        threads,
        (first, count) -> {
          long floats = PlanePoolCode.bufferFloats(axes[2]);
          try (Scratch scratch = Scratch.of(4 * floats)) {
            MemorySegment buffer = scratch.memory();
            float neutral = problem.kind() == Kind.MAX ? Float.NEGATIVE_INFINITY : 0;
            for (long i = 0; i < floats; i++) {
              buffer.setAtIndex(ValueLayout.JAVA_FLOAT, i, neutral);
            }
            for (long plane = first; plane < first + count; plane++) {
              plane(operands, plane, buffer.address());
            }
          }
        });
  }

  private void plane(Operands operands, long plane, long buffer) {
    long inputPlane = plane * problem.inputArea();
    long outputPlane = plane * problem.outputArea();
    for (int d = 0; d < depthRuns.size(); d++) {
      Run depth = depthRuns.get(d);
      for (int i = 0; i < depth.count(); i++) {
        long z = depth.start(axes[0]) + (long) i * axes[0].stride();
        for (int h = 0; h < heightRuns.size(); h++) {
          Run height = heightRuns.get(h);
          long from = (z * axes[1].size() + height.start(axes[1])) * axes[2].size();
          long to =
              ((long) (depth.first() + i) * axes[1].outputSize() + height.first())
                  * axes[2].outputSize();
          NativeCall.block(
              code.entry(),
              operands.input().address() + (inputPlane + from) * bytes,
              buffer,
              operands.output().address() + (outputPlane + to) * bytes,
              cases[d * heightRuns.size() + h].address(),
              height.count(),
              axes[2].size(),
              strides.address());
        }
      }
    }
  }

  @Override
  public void close() {
    code.close();
    arena.close();
  }
}
