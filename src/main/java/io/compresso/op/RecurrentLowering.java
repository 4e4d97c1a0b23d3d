package io.compresso.op;

import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.UnaryFunction;
import io.compresso.kernel.UnaryProblem;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Recurrent nodes as kernels: one product gives what the data contributes at all steps, then each
 * step is a product of the state and what makes the next state of it.
 */
final class RecurrentLowering {
  private static final int PARTS_PER_DIRECTION = 16;
  private static final int QUANTIZER = 1 << 10;

  private final LoweringContext context;
  private final RecurrentLayer layer;
  private final RecurrentWeights w;
  private final RecurrentWeights r;
  private final @Nullable Tensor bias;

  private RecurrentLowering(
      LoweringContext context,
      RecurrentLayer layer,
      RecurrentWeights w,
      RecurrentWeights r,
      @Nullable Tensor bias) {
    this.context = context;
    this.layer = layer;
    this.w = w;
    this.r = r;
    this.bias = bias;
  }

  /**
   * Lowers a node; null for what {@link RecurrentLayer} does not hold, and weights or bias that
   * vary.
   *
   * @param gates 4 for LSTM, 3 for GRU, 1 for RNN
   * @param functions how many activations one direction has
   */
  static @Nullable Lowered lower(
      LoweringContext context,
      int gates,
      int functions,
      @Nullable RecurrentWeights w,
      @Nullable RecurrentWeights r) {
    if (w == null || r == null || !context.isFixed(3)) {
      return null;
    }
    RecurrentLayer layer = RecurrentLayer.of(context, gates, functions, r.depth());
    Tensor bias = context.constant(3);
    if (layer == null
        || bias != null && bias.dtype() != DType.FLOAT
        || !w.isOf(layer.directions(), gates * layer.hidden(), layer.inputs())
        || !r.isOf(layer.directions(), gates * layer.hidden(), layer.hidden())
        || bias != null && bias.size() != 2L * layer.directions() * gates * layer.hidden()
        || !takesState(context.inputOrNull(5), layer)
        || !takesState(context.inputOrNull(6), layer)) {
      return null;
    }
    return new RecurrentLowering(context, layer, w, r, bias).lower();
  }

  private static boolean takesState(@Nullable TensorSpec given, RecurrentLayer layer) {
    return given == null
        || given.dtype() == DType.FLOAT
            && given.shape().size() == (long) layer.directions() * layer.batch() * layer.hidden();
  }

  private Lowered lower() {
    List<Direction> directions = new ArrayList<>();
    for (int d = 0; d < layer.directions(); d++) {
      directions.add(
          switch (layer.gates()) {
            case 4 -> new Cells(d);
            case 3 -> isLinear() ? new Cells(d) : new Gated(d);
            default -> new Simple(d);
          });
    }
    DynamicQuantizer.Kernels quantizing =
        w.isQuantized()
            ? DynamicQuantizer.Kernels.of(context, QUANTIZER, (long) layer.rows() * layer.inputs())
            : null;
    int threads = context.threads();
    return Lowered.of(
            buffers -> {
              MemorySegment x = buffers.input(0);
              DynamicQuantizer quantizer = null;
              if (quantizing != null) {
                MemorySegment bytes =
                    Arena.ofAuto().allocate((long) layer.rows() * layer.inputs(), Tensor.ALIGNMENT);
                quantizer = new DynamicQuantizer(quantizing, threads, x, bytes);
                x = bytes;
              }
              List<Lowered.Call> calls = new ArrayList<>();
              if (quantizer != null) {
                calls.add(quantizer::run);
              }
              for (int d = 0; d < directions.size(); d++) {
                RecurrentMemory memory = new RecurrentMemory(layer, buffers, d);
                calls.add(memory::begin);
                directions.get(d).bind(memory, x, quantizer, calls);
              }
              Lowered.Call[] all = calls.toArray(Lowered.Call[]::new);
              return () -> {
                for (Lowered.Call call : all) {
                  call.run();
                }
              };
            })
        .withWorkspace(RecurrentMemory.bytes(layer));
  }

  /** Whether a GRU's reset gate follows the product. */
  private boolean isLinear() {
    return context.node().intAttribute("linear_before_reset", 0) != 0;
  }

  /** The kernels of one direction. */
  private abstract class Direction {
    final int d;

    Direction(int d) {
      this.d = d;
    }

    abstract void bind(
        RecurrentMemory memory,
        MemorySegment x,
        @Nullable DynamicQuantizer quantizer,
        List<Lowered.Call> calls);

    Recurrence.Part part(int number, int from, int to) {
      return new Recurrence.Part(d * PARTS_PER_DIRECTION + number, d, from, to);
    }

    /** The biases of some gates: those of the data, and those of the state if {@code both}. */
    @Nullable MemorySegment bias(int from, int to, boolean data, boolean state) {
      Tensor all = bias;
      if (all == null) {
        return null;
      }
      int width = layer.width();
      int hidden = layer.hidden();
      Tensor sum = Tensor.allocate(DType.FLOAT, Shape.of((long) (to - from) * hidden));
      for (int i = 0; i < sum.size(); i++) {
        long at = 2L * width * d + (long) from * hidden + i;
        float value = data ? all.getFloat(at) : 0;
        sum.setFloat(i, state ? value + all.getFloat(at + width) : value);
      }
      return sum.segment();
    }

    PreparedKernel unary(int number, UnaryFunction function, long count) {
      return context.prepare(
          d * PARTS_PER_DIRECTION + number,
          UnaryProblem.of(function, DType.FLOAT, count),
          () -> Weights.NONE);
    }

    Lowered.Call call(PreparedKernel kernel, MemorySegment from, MemorySegment to) {
      Operands operands = Operands.of(from, to);
      int threads = context.threads();
      return kernel.bind(operands, threads)::run;
    }
  }

  /** {@link LSTM}, and {@link GRU} whose reset gate follows the product. */
  private final class Cells extends Direction {
    private final RecurrentCells cells;

    Cells(int d) {
      super(d);
      int gates = layer.gates();
      boolean apart = gates == 3;
      this.cells =
          RecurrentCells.of(
              context,
              layer,
              d,
              new RecurrentCells.Term(w, bias(0, gates, true, !apart)),
              new RecurrentCells.Term(r, apart ? bias(0, gates, false, true) : null));
    }

    @Override
    void bind(
        RecurrentMemory memory,
        MemorySegment x,
        @Nullable DynamicQuantizer quantizer,
        List<Lowered.Call> calls) {
      calls.add(cells.bind(memory, d, x, quantizer));
      calls.add(memory::endCells);
    }
  }

  /** {@link GRU} whose reset gate precedes the product: gates update, reset, candidate. */
  private final class Gated extends Direction {
    private final Projection gateInputs;
    private final Projection candidateInputs;
    private final Recurrence gateStates;
    private final Recurrence candidateStates;
    private final PreparedKernel sigmoid;
    private final PreparedKernel tanh;

    Gated(int d) {
      super(d);
      List<UnaryFunction> functions = layer.functions().get(d);
      long states = (long) layer.batch() * layer.hidden();
      this.gateInputs = Projection.of(context, layer, w, part(0, 0, 2), bias(0, 2, true, true));
      this.candidateInputs =
          Projection.of(context, layer, w, part(1, 2, 3), bias(2, 3, true, true));
      this.gateStates = Recurrence.of(context, layer, r, part(2, 0, 2));
      this.candidateStates = Recurrence.of(context, layer, r, part(3, 2, 3));
      this.sigmoid = unary(4, functions.get(0), 2 * states);
      this.tanh = unary(5, functions.get(1), states);
    }

    @Override
    void bind(
        RecurrentMemory memory,
        MemorySegment x,
        @Nullable DynamicQuantizer quantizer,
        List<Lowered.Call> calls) {
      CellMath math = new CellMath(layer.batch(), layer.hidden());
      calls.add(gateInputs.bind(x, quantizer, memory.projected(0, 2)));
      calls.add(candidateInputs.bind(x, quantizer, memory.projected(2, 1)));
      MemorySegment gates = memory.gates(0, 2);
      MemorySegment candidate = memory.candidate;
      MemorySegment scratch = memory.scratch;
      Lowered.Call sigmoids = call(sigmoid, gates, gates);
      Lowered.Call tanhs = call(tanh, candidate, candidate);
      Recurrence.Workspace gateSpace = gateStates.new Workspace();
      Recurrence.Workspace candidateSpace = candidateStates.new Workspace();
      for (int i = 0; i < layer.steps(); i++) {
        int step = layer.step(d, i);
        MemorySegment before = memory.state(i - 1);
        MemorySegment after = memory.state(i);
        MemorySegment added = memory.projected(2, 1, step);
        calls.add(gateSpace.bind(before, memory.projected(0, 2, step), gates));
        calls.add(sigmoids);
        calls.add(() -> math.reset(gates, before, scratch));
        calls.add(candidateSpace.bind(scratch, added, candidate));
        calls.add(tanhs);
        calls.add(() -> math.update(gates, candidate, before, after));
      }
      calls.add(memory::end);
    }
  }

  /** {@link RNN}. */
  private final class Simple extends Direction {
    private final Projection projection;
    private final Recurrence recurrence;
    private final PreparedKernel function;

    Simple(int d) {
      super(d);
      this.projection = Projection.of(context, layer, w, part(0, 0, 1), bias(0, 1, true, true));
      this.recurrence = Recurrence.of(context, layer, r, part(1, 0, 1));
      this.function =
          unary(2, layer.functions().get(d).get(0), (long) layer.batch() * layer.hidden());
    }

    @Override
    void bind(
        RecurrentMemory memory,
        MemorySegment x,
        @Nullable DynamicQuantizer quantizer,
        List<Lowered.Call> calls) {
      calls.add(projection.bind(x, quantizer, memory.projected(0, 1)));
      Recurrence.Workspace workspace = recurrence.new Workspace();
      for (int i = 0; i < layer.steps(); i++) {
        MemorySegment added = memory.projected(0, 1, layer.step(d, i));
        calls.add(workspace.bind(memory.state(i - 1), added, memory.scratch));
        calls.add(call(function, memory.scratch, memory.state(i)));
      }
      calls.add(memory::end);
    }
  }
}
