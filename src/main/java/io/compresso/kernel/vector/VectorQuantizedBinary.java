package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Broadcast.Axis;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.Operands;
import io.compresso.kernel.QuantizedBinaryProblem;
import io.compresso.kernel.QuantizedBinaryProblem.Function;
import io.compresso.kernel.panel.Chunks;
import io.compresso.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Sums and products of 8-bit operands, portable, block by block. */
public final class VectorQuantizedBinary extends VectorKernel<QuantizedBinaryProblem> {
  private static final Axis ONCE = new Axis(1, 0, 0);

  public VectorQuantizedBinary() {
    super(
        KernelFamily.QUANTIZED_BINARY,
        QuantizedBinaryProblem.class,
        Set.of(DType.UINT8, DType.INT8));
  }

  /** Always: the compiler makes vectors of its loops by itself. */
  @Override
  Acceptance available() {
    return Acceptance.YES;
  }

  @Override
  Acceptance accepts(QuantizedBinaryProblem problem) {
    return Acceptance.when(
            problem.type() == DType.UINT8 || problem.type() == DType.INT8,
            "elements of type " + problem.type())
        .and(
            Acceptance.when(
                Float.isFinite(problem.leftRatio())
                    && Float.isFinite(problem.rightRatio())
                    && Float.isFinite(problem.productRatio()),
                "scales whose ratio is not finite"));
  }

  @Override
  void run(QuantizedBinaryProblem problem, Constants constants, Operands operands, int threads) {
    List<Axis> axes = problem.broadcast().axes();
    Axis columns = axes.isEmpty() ? ONCE : axes.getLast();
    List<Axis> outer = axes.subList(0, Math.max(0, axes.size() - 1));
    long rows = outer.stream().mapToLong(Axis::size).reduce(1, (a, b) -> a * b);
    long perRow = Math.ceilDiv(columns.size(), FloatBlock.LENGTH);
    MemorySegment right = constants.second(operands);
    Chunks.run(
        rows * perRow,
        8 * problem.outputBytes(),
        threads,
        (first, blocks) -> {
          int[] a = new int[FloatBlock.LENGTH];
          int[] b = new int[FloatBlock.LENGTH];
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
            leftAt += column * columns.leftStride();
            rightAt += column * columns.rightStride();
            read(problem.type(), operands.input(), leftAt, columns.leftStride(), a, count);
            read(problem.type(), right, rightAt, columns.rightStride(), b, count);
            combine(problem, a, b, count);
            long to = row * columns.size() + column;
            IntBlock.write(problem.type(), a, operands.output(), to, count);
          }
        });
  }

  private static void read(
      DType type, MemorySegment from, long at, long stride, int[] to, int count) {
    if (stride != 0) {
      IntBlock.read(type, from, at, to, count);
      return;
    }
    IntBlock.read(type, from, at, to, 1);
    Arrays.fill(to, 0, count, to[0]);
  }

  private static void combine(QuantizedBinaryProblem problem, int[] a, int[] b, int count) {
    float ra = problem.leftRatio();
    float rb = problem.rightRatio();
    float offset = problem.sumOffset();
    float factor = problem.productRatio();
    int za = problem.left().zeroPoint();
    int zb = problem.right().zeroPoint();
    int zero = problem.output().zeroPoint();
    for (int i = 0; i < count; i++) {
      float value =
          problem.function() == Function.ADD
              ? Math.fma((float) a[i], ra, Math.fma((float) b[i], rb, offset))
              : Math.fma((float) ((a[i] - za) * (b[i] - zb)), factor, (float) zero);
      a[i] = IntBlock.quantize(problem.type(), value, 0);
    }
  }
}
