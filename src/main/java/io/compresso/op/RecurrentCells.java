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
 * <p>Cells are shared among threads in stretches: a thread multiplies the data of all steps with
 * its cells' columns of the weights; then at each step it multiplies the state with its cells'
 * columns, which so stay in its core's caches, and finishes its cells. So there is one hand-over a
 * step, and only states go from core to core.
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
   * @param projection what the data gives to their gates, at all steps
   * @param product what the state gives to them
   */
  private record Stretch(
      int first,
      int columns,
      PreparedKernel projection,
      PreparedKernel product,
      PreparedKernel cell) {}

  /**
   * A product that goes into the gates.
   *
   * @param bias what is added to it, a float for each cell of each gate, or null
   */
  record Term(RecurrentWeights weights, @Nullable MemorySegment bias) {
    private PreparedKernel prepare(
        LoweringContext context, int part, int rows, CellProblem cells, int direction) {
      RecurrentWeights.Cells some =
          weights.cells(direction, cells.kind().gates(), cells.first(), cells.columns());
      GemmProblem problem =
          new GemmProblem(
              weights.isQuantized()
                  ? new OperandTypes(DType.UINT8, weights.data().dtype(), DType.FLOAT)
                  : OperandTypes.FLOAT,
              rows,
              cells.kind().gates() * cells.columns(),
              weights.depth(),
              weights.byRows() ? GemmProblem.Transpose.B : GemmProblem.Transpose.NONE,
              Epilogue.NONE.withBias(bias != null));
      return context.prepare(
          part,
          problem,
          () ->
              Weights.of(some.memory())
                  .withBias(bias == null ? null : some.ofGates(bias))
                  .withQuantization(some.quantization()));
    }
  }

  /**
   * Prepares the steps.
   *
   * @param data what the data gives
   * @param state what the state gives
   */
  static RecurrentCells of(
      LoweringContext context, RecurrentLayer layer, int direction, Term data, Term state) {
    int part = FIRST_PART + direction * PARTS_PER_DIRECTION;
    int count = stretches(context, layer, state.weights);
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
              data.prepare(context, part + 3 * i, layer.rows(), cells, direction),
              state.prepare(context, part + 3 * i + 1, layer.batch(), cells, direction),
              context.prepare(part + 3 * i + 2, cells, () -> Weights.NONE)));
    }
    return new RecurrentCells(
        layer,
        state.weights.isQuantized()
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

  /**
   * The call for fixed memory, in which the states before the first step are.
   *
   * @param direction of the layer
   * @param data what the weights of the data are multiplied with
   * @param quantizer what has made bytes of the data; null for floats
   */
  Lowered.Call bind(
      RecurrentMemory memory,
      int direction,
      MemorySegment data,
      @Nullable DynamicQuantizer quantizer) {
    return new Steps(memory, direction, data, quantizer);
  }

  /** The steps on fixed memory. */
  private final class Steps implements Lowered.Call {
    private final RecurrentMemory memory;
    private final Lowered.Call[] projections;
    private final Bound[] bound;
    private final Workers.ChunkTask projecting = this::project;
    private final Workers.ChunkTask stepping = this::step;

    /** The step that is computed. */
    private int step;

    /** The scale of the quantized state before it. */
    private float scale;

    Steps(
        RecurrentMemory memory,
        int direction,
        MemorySegment data,
        @Nullable DynamicQuantizer quantizer) {
      this.memory = memory;
      this.projections = new Lowered.Call[stretches.size()];
      this.bound = new Bound[stretches.size()];
      for (int i = 0; i < bound.length; i++) {
        bound[i] = new Bound(stretches.get(i), memory, direction);
        projections[i] = projection(stretches.get(i), data, quantizer);
      }
    }

    @Override
    public void run() {
      Workers.shared().run(bound.length, threads, projecting);
      for (int i = 0; i < layer.steps(); i++) {
        step = i;
        if (quantizing != null) {
          float magnitude = i == 0 ? memory.firstMagnitude() : magnitude(i);
          scale = SymmetricScale.of(magnitude);
        }
        Workers.shared().run(bound.length, threads, stepping);
      }
    }

    private float magnitude(int before) {
      float magnitude = 0;
      for (Stretch stretch : stretches) {
        magnitude = Math.max(magnitude, memory.magnitude(before, stretch.first));
      }
      return magnitude;
    }

    private void project(int index) {
      projections[index].run();
    }

    private Lowered.Call projection(
        Stretch stretch, MemorySegment data, @Nullable DynamicQuantizer quantizer) {
      Operands operands = Operands.of(data, memory.ofData(stretch.first, stretch.columns));
      int share = Math.max(1, threads / stretches.size());
      return quantizer == null
          ? stretch.projection.bind(operands, share)::run
          : quantizer.bind(stretch.projection, operands, share);
    }

    private void step(int index) {
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
      MemorySegment ofData = memory.ofData(stretch.first, stretch.columns);
      for (int i = 0; i < cells.length; i++) {
        MemorySegment added =
            ofData.asSlice(layer.step(direction, i) * sums.byteSize(), sums.byteSize());
        Operands operands =
            Operands.of(sums, added, memory.results(i + 1)).withThird(memory.kept(i));
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
