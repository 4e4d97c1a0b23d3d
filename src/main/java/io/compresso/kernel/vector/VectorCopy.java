package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CopyProblem;
import io.compresso.kernel.CopyProblem.Axis;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.panel.Chunks;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/** Copies with any strides, line by line along the longest axis. */
public final class VectorCopy extends VectorKernel<CopyProblem> {
  private static final Axis ONCE = new Axis(1, 0, 0);

  public VectorCopy() {
    super(KernelFamily.COPY, CopyProblem.class, EnumSet.allOf(DType.class));
  }

  /** Always: the compiler makes vectors of its loops by itself. */
  @Override
  Acceptance available() {
    return Acceptance.YES;
  }

  @Override
  Acceptance accepts(CopyProblem problem) {
    return Acceptance.YES;
  }

  @Override
  void run(CopyProblem problem, Constants constants, Operands operands, int threads) {
    bind(problem, constants, operands, threads).run();
  }

  @Override
  Runnable bind(CopyProblem problem, Constants constants, Operands operands, int threads) {
    List<Axis> axes = problem.axes();
    Axis line = axes.isEmpty() ? ONCE : longest(axes);
    List<Axis> outer = new ArrayList<>(axes);
    outer.remove(line);
    if (problem.count() == 0) {
      return () -> {};
    }
    return Chunks.bind(
        problem.count() / line.size(),
        4 * problem.count() * problem.elementBytes(),
        threads,
        (first, count) -> {
          for (long part = first; part < first + count; part++) {
            long from = 0;
            long to = 0;
            long rest = part;
            for (int i = outer.size() - 1; i >= 0; i--) {
              Axis axis = outer.get(i);
              from += rest % axis.size() * axis.inputStride();
              to += rest % axis.size() * axis.outputStride();
              rest /= axis.size();
            }
            line(problem.elementBytes(), operands, from, to, line);
          }
        });
  }

  /** The axis with the most elements, or one along which both sides are dense. */
  private static Axis longest(List<Axis> axes) {
    Axis longest = axes.getLast();
    for (Axis axis : axes) {
      if (axis.inputStride() == 1 && axis.outputStride() == 1) {
        return axis;
      }
      if (axis.size() > longest.size()) {
        longest = axis;
      }
    }
    return longest;
  }

  private static void line(int bytes, Operands operands, long from, long to, Axis axis) {
    MemorySegment x = operands.input();
    MemorySegment y = operands.output();
    long size = axis.size();
    long input = axis.inputStride();
    long output = axis.outputStride();
    if (input == 1 && output == 1) {
      MemorySegment.copy(x, from * bytes, y, to * bytes, size * bytes);
      return;
    }
    switch (bytes) {
      case 1 -> {
        for (long i = 0; i < size; i++) {
          byte value = x.get(ValueLayout.JAVA_BYTE, from + i * input);
          y.set(ValueLayout.JAVA_BYTE, to + i * output, value);
        }
      }
      case 2 -> {
        for (long i = 0; i < size; i++) {
          short value = x.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * (from + i * input));
          y.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * (to + i * output), value);
        }
      }
      case 4 -> {
        for (long i = 0; i < size; i++) {
          int value = x.get(ValueLayout.JAVA_INT_UNALIGNED, 4 * (from + i * input));
          y.set(ValueLayout.JAVA_INT_UNALIGNED, 4 * (to + i * output), value);
        }
      }
      default -> {
        for (long i = 0; i < size; i++) {
          long value = x.get(ValueLayout.JAVA_LONG_UNALIGNED, 8 * (from + i * input));
          y.set(ValueLayout.JAVA_LONG_UNALIGNED, 8 * (to + i * output), value);
        }
      }
    }
  }
}
