package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.Broadcast.Axis;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.panel.Chunks;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Functions of two floats in the Vector API. */
public final class VectorBinary extends VectorKernel<BinaryProblem> {
  private static final Axis ONCE = new Axis(1, 0, 0);

  public VectorBinary() {
    super(KernelFamily.BINARY, BinaryProblem.class, FLOATS);
  }

  @Override
  Acceptance accepts(BinaryProblem problem) {
    return Acceptance.when(FLOATS.contains(problem.type()), "elements of type " + problem.type());
  }

  @Override
  void run(BinaryProblem problem, Constants constants, Operands operands, int threads) {
    List<Axis> axes = problem.broadcast().axes();
    Axis columns = axes.isEmpty() ? ONCE : axes.getLast();
    List<Axis> outer = axes.subList(0, Math.max(0, axes.size() - 1));
    long rows = outer.stream().mapToLong(Axis::size).reduce(1, (a, b) -> a * b);
    long perRow = Math.ceilDiv(columns.size(), FloatBlock.LENGTH);
    MemorySegment right = constants.second(operands);
    Chunks.run(
        rows * perRow,
        4 * problem.outputBytes(),
        threads,
        (first, blocks) -> {
          float[] a = FloatBlock.of(FloatBlock.LENGTH);
          float[] b = FloatBlock.of(FloatBlock.LENGTH);
          for (long block = first; block < first + blocks; block++) {
            long row = block / perRow;
            long column = block % perRow * FloatBlock.LENGTH;
            int count = (int) Math.min(FloatBlock.LENGTH, columns.size() - column);
            long leftAt = 0;
            long rightAt = 0;
            long rest = row;
            for (int i = outer.size() - 1; i >= 0; i--) {
              Axis axis = outer.get(i);
              leftAt += rest % axis.size() * axis.leftStride();
              rightAt += rest % axis.size() * axis.rightStride();
              rest /= axis.size();
            }
            DType type = problem.type();
            read(type, operands.input(), leftAt, columns.leftStride(), column, a, count);
            read(type, right, rightAt, columns.rightStride(), column, b, count);
            long to = row * columns.size() + column;
            if (problem.function().isComparison()) {
              compare(problem.function(), a, b, operands.output(), to, count);
            } else {
              Registers.combine(problem.function(), a, b, count);
              FloatBlock.write(type, a, operands.output(), to, count);
            }
          }
        });
  }

  private static void read(
      DType type, MemorySegment from, long start, long stride, long column, float[] to, int count) {
    if (stride == 0) {
      Arrays.fill(to, FloatBlock.read(type, from, start));
    } else {
      FloatBlock.read(type, from, start + column, to, count);
    }
  }

  private static void compare(
      BinaryFunction function, float[] a, float[] b, MemorySegment to, long at, int count) {
    for (int i = 0; i < count; i++) {
      boolean holds =
          switch (function) {
            case EQUAL -> a[i] == b[i];
            case LESS -> a[i] < b[i];
            case LESS_OR_EQUAL -> a[i] <= b[i];
            case GREATER -> a[i] > b[i];
            case GREATER_OR_EQUAL -> a[i] >= b[i];
            default -> throw new IllegalStateException(function.toString());
          };
      to.set(ValueLayout.JAVA_BYTE, at + i, (byte) (holds ? 1 : 0));
    }
  }

  /** What works on registers, apart: it is loaded where the module is there. */
  private static final class Registers {
    private Registers() {}

    static void combine(BinaryFunction function, float[] a, float[] b, int count) {
      for (int i = 0; i < count; i += FloatBlock.SPECIES.length()) {
        FloatVector x = FloatBlock.load(a, i);
        FloatVector y = FloatBlock.load(b, i);
        FloatVector result =
            switch (function) {
              case ADD -> x.add(y);
              case SUB -> x.sub(y);
              case MUL -> x.mul(y);
              case DIV -> x.div(y);
              case MIN -> x.min(y);
              case MAX -> x.max(y);
              case PRELU -> x.blend(x.mul(y), x.compare(VectorOperators.LT, 0));
              case POW -> x;
              default -> throw new IllegalStateException(function.toString());
            };
        result.intoArray(a, i);
      }
      if (function == BinaryFunction.POW) {
        for (int i = 0; i < count; i++) {
          a[i] = b[i] == 2 ? a[i] * a[i] : (float) Math.pow(a[i], b[i]);
        }
      }
    }
  }
}
