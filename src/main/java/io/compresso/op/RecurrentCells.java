package io.compresso.op;

import io.compresso.kernel.CellProblem;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Weights;
import io.compresso.kernel.Workers;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The steps of one direction of LSTM, or of GRU whose reset gate follows the product.
 *
 * <p>Cells are shared among threads in stretches: at each step a thread multiplies the state with
 * its cells' columns of the weights, which so stay in its core's caches, and finishes its cells. So
 * there is one hand-over a step.
 */
final class RecurrentCells {
  private static final int FIRST_PART = 1 << 16;
  private static final int PARTS_PER_DIRECTION = 1 << 14;
  private static final int QUANTIZER = PARTS_PER_DIRECTION - 3;

  /** Stretches are multiples of it, the last one excepted. */
  private static final int GRAIN = 16;

  private static final int MOST_STRETCHES = 256;

  /** Weights of a stretch that are worth a hand-over, in bytes. */
  private static final long LEAST_BYTES = 1 << 18;

  /** Products of a stretch that are worth a hand-over. */
  private static final long LEAST_PRODUCTS = 1 << 20;

  private final RecurrentLayer layer;
  private final DynamicQuantizer.@Nullable Kernels quantizing;
  private final List<Stretch> stretches;
  private final int threads;

  private RecurrentCells(
      RecurrentLayer layer,
      DynamicQuantizer.@Nullable Kernels quantizing,
      List<Stretch> stretches,
      int threads) {
    this.layer = layer;
    this.quantizing = quantizing;
    this.stretches = stretches;
    this.threads = threads;
  }

  /**
   * The kernels of some cells.
   *
   * @param product what the state gives to their gates
   */
  private record Stretch(int first, int columns, PreparedKernel product, PreparedKernel cell) {}

  /**
   * Prepares the steps.
   *
   * @param bias what is added to the products, a float for each cell of each gate, or null
   */
  static RecurrentCells of(
      LoweringContext context,
      RecurrentLayer layer,
      RecurrentWeights weights,
      int direction,
      @Nullable MemorySegment bias) {
    int part = FIRST_PART + direction * PARTS_PER_DIRECTION;
    int count = stretches(context, layer, weights);
    int groups = Math.ceilDiv(layer.hidden(), GRAIN);
    List<Stretch> stretches = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int first = GRAIN * (groups * i / count);
      int end = Math.min(layer.hidden(), GRAIN * (groups * (i + 1) / count));
      CellProblem cells =
          new CellProblem(
              layer.gates() == 4 ? CellProblem.Kind.LSTM : CellProblem.Kind.GRU,
              layer.batch(),
              layer.hidden(),
              first,
              end - first,
              layer.functions().get(direction));
      stretches.add(
          new Stretch(
              first,
              end - first,
              product(context, part + 2 * i, cells, weights.cells(direction, first, end), bias),
              context.prepare(part + 2 * i + 1, cells, () -> Weights.NONE)));
    }
    return new RecurrentCells(
        layer,
        weights.isQuantized()
            ? DynamicQuantizer.Kernels.of(
                context, part + QUANTIZER, (long) layer.batch() * layer.hidden())
            : null,
        stretches,
        context.threads());
  }

  private static int stretches(
      LoweringContext context, RecurrentLayer layer, RecurrentWeights weights) {
    long elements = (long) layer.width() * layer.hidden();
    long worthwhile =
        Math.max(
            weights.data().dtype().bytes(elements) / LEAST_BYTES,
            elements * layer.batch() / LEAST_PRODUCTS);
    int most =
        Math.min(
            Math.min(context.threads(), Workers.shared().size()),
            Math.min(MOST_STRETCHES, Math.ceilDiv(layer.hidden(), GRAIN)));
    return (int) Math.clamp(worthwhile, 1, most);
  }

  private static PreparedKernel product(
      LoweringContext context,
      int part,
      CellProblem cells,
      RecurrentWeights.Cells weights,
      @Nullable MemorySegment bias) {
    GemmProblem problem =
        new GemmProblem(
            weights.isQuantized()
                ? new OperandTypes(DType.UINT8, weights.dtype(), DType.FLOAT)
                : OperandTypes.FLOAT,
            cells.rows(),
            cells.kind().gates() * cells.columns(),
            cells.width(),
            weights.byRows() ? GemmProblem.Transpose.B : GemmProblem.Transpose.NONE,
            Epilogue.NONE.withBias(bias != null));
    return context.prepare(
        part,
        problem,
        () ->
            Weights.of(weights.memory())
                .withBias(bias == null ? null : weights.ofGates(bias))
                .withQuantization(weights.quantization()));
  }

  /**
   * The call for fixed memory, in which the states before the first step are.
   *
   * @param direction of the layer
   */
  Lowered.Call bind(RecurrentMemory memory, int direction) {
    return new Steps(memory, direction);
  }

  /** The steps on fixed memory. */
  private final class Steps implements Lowered.Call {
    private final RecurrentMemory memory;
    private final Bound[] bound;
    private final Workers.ChunkTask task = this::stretch;

    /** The step that is computed. */
    private int step;

    /** The scale of the quantized state before it. */
    private float scale;

    Steps(RecurrentMemory memory, int direction) {
      this.memory = memory;
      this.bound = new Bound[stretches.size()];
      for (int i = 0; i < bound.length; i++) {
        bound[i] = new Bound(stretches.get(i), memory, direction);
      }
    }

    @Override
    public void run() {
      for (int i = 0; i < layer.steps(); i++) {
        step = i;
        if (quantizing != null) {
          float magnitude = i == 0 ? memory.firstMagnitude() : magnitude(i);
          scale = SymmetricScale.of(magnitude);
        }
        Workers.shared().run(bound.length, threads, task);
      }
    }

    private float magnitude(int before) {
      float magnitude = 0;
      for (Stretch stretch : stretches) {
        magnitude = Math.max(magnitude, memory.magnitude(before, stretch.first));
      }
      return magnitude;
    }

    private void stretch(int index) {
      Bound here = bound[index];
      here.multiply(step, scale);
      here.cells[step].run();
      memory.copyState(step, here.stretch.first, here.stretch.columns);
    }
  }

  /** A stretch on fixed memory: states lie in two places in turn. */
  private final class Bound {
    private final Stretch stretch;
    private final Runnable[] cells = new Runnable[layer.steps()];
    private final Runnable[] products = new Runnable[2];
    private final PreparedKernel.QuantizedRun[] converts = new PreparedKernel.QuantizedRun[2];
    private final PreparedKernel.@Nullable QuantizedRun product;

    Bound(Stretch stretch, RecurrentMemory memory, int direction) {
      this.stretch = stretch;
      MemorySegment sums = memory.sums(stretch.first, stretch.columns);
      for (int i = 0; i < cells.length; i++) {
        Operands operands =
            Operands.of(
                    sums,
                    memory.projected(0, layer.gates(), layer.step(direction, i)),
                    memory.results(i + 1))
                .withThird(memory.kept(i));
        cells[i] = stretch.cell.bind(operands, 1);
      }
      DynamicQuantizer.Kernels kernels = quantizing;
      MemorySegment bytes =
          kernels == null ? null : Arena.ofAuto().allocate(kernels.count(), Tensor.ALIGNMENT);
      for (int i = 0; i < 2; i++) {
        MemorySegment state = memory.stateBefore(i);
        if (kernels == null || bytes == null) {
          products[i] = stretch.product.bind(Operands.of(state, sums), 1);
        } else {
          converts[i] = kernels.convert().bindQuantized(Operands.of(state, bytes), 1);
        }
      }
      product = bytes == null ? null : stretch.product.bindQuantized(Operands.of(bytes, sums), 1);
    }

    private void multiply(int step, float scale) {
      if (product == null) {
        products[step & 1].run();
      } else {
        converts[step & 1].run(SymmetricScale.ZERO_POINT, scale);
        product.run(SymmetricScale.ZERO_POINT, scale);
      }
    }
  }
}
