package io.compresso.kernel;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/**
 * Whatever kernel of a family the catalogue chooses for a problem on this machine. Each run takes a
 * random number of threads; some are done by several callers at a time, which must get the same.
 */
final class ChosenKernel implements Kernel {
  private static final int MOST_THREADS = 4;
  private static final int CALLERS = 3;

  /** One of so many runs is done by several callers. */
  private static final int SHARED = 8;

  private final Kernel reference;
  private final Map<String, LongAdder> runs = new ConcurrentHashMap<>();

  ChosenKernel(KernelFamily family) {
    this.reference = KernelCatalog.of(family).getLast();
  }

  /** How often each kernel was run, by id. */
  Map<String, LongAdder> runs() {
    return runs;
  }

  /** That of the family's reference, which takes all that the others take. */
  @Override
  public KernelSpec spec() {
    return reference.spec();
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    return reference.accepts(problem, cpu);
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    return new Prepared(KernelCatalog.prepare(problem, weights));
  }

  private final class Prepared implements PreparedKernel {
    private final PreparedKernel kernel;

    Prepared(PreparedKernel kernel) {
      this.kernel = kernel;
    }

    @Override
    public Problem problem() {
      return kernel.problem();
    }

    @Override
    public KernelSpec spec() {
      return kernel.spec();
    }

    @Override
    public void run(Operands operands, int threads) {
      ThreadLocalRandom random = ThreadLocalRandom.current();
      int most = 1 + random.nextInt(MOST_THREADS);
      boolean inPlace = operands.input().address() == operands.output().address();
      if (inPlace || random.nextInt(SHARED) > 0) {
        kernel.run(operands, most);
      } else {
        runByMany(operands, most);
      }
      runs.computeIfAbsent(kernel.spec().id(), _ -> new LongAdder()).increment();
    }

    private void runByMany(Operands operands, int threads) {
      MemorySegment output = operands.output();
      AtomicReference<Throwable> failure = new AtomicReference<>();
      try (Arena arena = Arena.ofShared()) {
        Thread[] others = new Thread[CALLERS - 1];
        MemorySegment[] outputs = new MemorySegment[others.length];
        for (int i = 0; i < others.length; i++) {
          outputs[i] = arena.allocate(output.byteSize(), 64).copyFrom(output);
          Operands own =
              new Operands(
                  operands.input(),
                  operands.second(),
                  operands.third(),
                  outputs[i],
                  operands.inputZeroPoint(),
                  operands.inputScale());
          others[i] =
              Thread.startVirtualThread(() -> {
                try {
                  kernel.run(own, threads);
                } catch (Throwable thrown) {
                  failure.set(thrown);
                }
              });
        }
        try {
          kernel.run(operands, threads);
        } finally {
          for (Thread other : others) {
            join(other);
          }
        }
        for (MemorySegment own : outputs) {
          if (failure.get() != null || !isEqual(own, output)) {
            throw new AssertionError(
                "%s, %s: callers at the same time get other results"
                    .formatted(kernel.spec().id(), problem()),
                failure.get());
          }
        }
      }
    }

    /** Whether all elements are equal; any NaN is equal to any other. */
    private boolean isEqual(MemorySegment left, MemorySegment right) {
      if (left.mismatch(right) < 0) {
        return true;
      }
      DType type = outputType(problem());
      Shape shape = Shape.of(left.byteSize() * 8 / type.bits());
      Tensor a = Tensor.wrap(type, shape, left);
      Tensor b = Tensor.wrap(type, shape, right);
      for (long i = 0; i < a.size(); i++) {
        if (Double.compare(a.getDouble(i), b.getDouble(i)) != 0) {
          return false;
        }
      }
      return true;
    }

    private static DType outputType(Problem problem) {
      return switch (problem) {
        case ProductProblem product -> product.types().output();
        case BatchGemmProblem _, BlockGemmProblem _ -> DType.FLOAT;
        case UnaryProblem unary -> unary.type();
        case BinaryProblem binary -> binary.outputType();
        case QuantizedBinaryProblem binary -> binary.type();
        case SoftmaxProblem softmax -> softmax.type();
        case NormProblem norm -> norm.type();
        case PoolProblem pool -> pool.type();
        case ConvertProblem conversion -> conversion.to();
        case ReduceProblem reduction -> reduction.type();
        case CellProblem _ -> DType.FLOAT;
        case LookupProblem _, CopyProblem _, GatherProblem _ -> DType.UINT8;
      };
    }

    private static void join(Thread thread) {
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void close() {
      kernel.close();
    }
  }
}
