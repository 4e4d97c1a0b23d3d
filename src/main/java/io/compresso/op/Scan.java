package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.Node;
import io.compresso.graph.ValueType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import io.compresso.tensor.Value;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Runs its body on each slice of the scanned inputs, carrying a state. Opset 8 scans axis 1 of each
 * element of a batch, whose sequences may end early.
 */
final class Scan extends StandardOperator {
  Scan() {
    super("Scan", 8, 9, 11, 16, 19, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      Graph body = Bodies.body(context.node());
      int first = context.opset() < 9 ? 1 : 0;
      int scanned = (int) context.node().intAttribute("num_scan_inputs", 0);
      int states = context.node().inputs().size() - first - scanned;
      if (first == 1 || states < 0) {
        return body.outputs().stream().map(_ -> Inferred.UNKNOWN).toList();
      }
      long[] axes = context.node().intsAttribute("scan_input_axes", new long[scanned]);
      List<Inferred> inputs = new ArrayList<>();
      Dim length = Dim.UNKNOWN;
      for (int i = 0; i < states; i++) {
        inputs.add(Inferred.of(context.input(i).type()));
      }
      for (int i = 0; i < scanned; i++) {
        List<Dim> dims = context.dims(states + i);
        if (dims == null) {
          inputs.add(Dims.tensor(context.dtype(states + i), null));
        } else {
          List<Dim> slice = new ArrayList<>(dims);
          length =
              Dims.merge(context, length, slice.remove(Dims.axis(context, axes[i], dims.size())));
          inputs.add(Dims.tensor(context.dtype(states + i), slice));
        }
      }
      List<Inferred> outputs = context.infer(body, inputs);
      List<Inferred> result = new ArrayList<>();
      long[] outputAxes =
          context.node().intsAttribute("scan_output_axes", new long[outputs.size()]);
      for (int i = 0; i < outputs.size(); i++) {
        ValueType type = outputs.get(i).type();
        result.add(
            i < states
                ? Inferred.of(Dims.either(context.input(i).type(), type))
                : Bodies.stacked(type, outputAxes[i - states], length));
      }
      return result;
    };
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Node node = context.node();
    Graph body = Bodies.body(node);
    int scanned = (int) node.intAttribute("num_scan_inputs", 0);
    int states = context.inputCount() - scanned;
    if (context.opset() < 9 || scanned < 1 || states < 0) {
      return null;
    }
    List<TensorSpec> inputs = new ArrayList<>();
    for (int i = 0; i < states; i++) {
      inputs.add(context.input(i));
    }
    long[] axes = node.intsAttribute("scan_input_axes", new long[scanned]);
    long[] directions = node.intsAttribute("scan_input_directions", new long[scanned]);
    List<Slices> from = new ArrayList<>();
    long length = -1;
    for (int i = 0; i < scanned; i++) {
      TensorSpec whole = context.input(states + i);
      int axis = whole.shape().normalizeAxis(axes[i]);
      Slices slices = Slices.of(whole, axis, directions[i] != 0);
      if (length >= 0 && slices.count() != length) {
        return null;
      }
      length = slices.count();
      from.add(slices);
      inputs.add(new TensorSpec(whole.dtype(), Slices.without(whole.shape(), axis)));
    }
    Turns turns = Turns.of(context.body(body, inputs), inputs, new Turns.States(states, 0, 0, 0));
    if (turns == null) {
      return null;
    }
    int scans = turns.outputs().size() - states;
    long[] outputAxes = node.intsAttribute("scan_output_axes", new long[scans]);
    long[] outputDirections = node.intsAttribute("scan_output_directions", new long[scans]);
    List<@Nullable Slices> to = new ArrayList<>();
    for (int i = 0; i < scans; i++) {
      TensorSpec whole = context.outputOrNull(states + i);
      if (whole == null) {
        to.add(null);
        continue;
      }
      int axis = whole.shape().normalizeAxis(outputAxes[i]);
      TensorSpec part = turns.outputs().get(states + i);
      if (whole.shape().dim(axis) != length
          || part.dtype() != whole.dtype()
          || !part.shape().equals(Slices.without(whole.shape(), axis))) {
        return null;
      }
      to.add(Slices.of(whole, axis, outputDirections[i] != 0));
    }
    long count = length;
    return Lowered.of(buffers -> bind(buffers, turns, from, to, count))
        .withWorkspace(turns.workspaceBytes());
  }

  private static Lowered.Call bind(
      Lowered.Buffers buffers,
      Turns turns,
      List<Slices> from,
      List<@Nullable Slices> to,
      long count) {
    Turns.Bound bound = turns.bind(buffers);
    int states = turns.outputs().size() - to.size();
    MemorySegment[] inputs = new MemorySegment[from.size()];
    Arrays.setAll(inputs, i -> buffers.input(states + i));
    MemorySegment[] outputs = new MemorySegment[to.size()];
    Arrays.setAll(outputs, i -> buffers.output(states + i));
    return () -> {
      bound.begin();
      for (long turn = 0; turn < count; turn++) {
        for (int i = 0; i < from.size(); i++) {
          from.get(i).read(inputs[i], turn, bound.input(states + i));
        }
        bound.turn(turn);
        for (int i = 0; i < to.size(); i++) {
          Slices slices = to.get(i);
          if (slices != null) {
            slices.write(bound.output(states + i), turn, outputs[i]);
          }
        }
      }
      bound.end(count);
    };
  }

  /**
   * The slices of a tensor along an axis, one a turn.
   *
   * @param outer how many pieces a slice has
   * @param piece bytes of one
   */
  private record Slices(long outer, long count, long piece, boolean backwards) {
    static Slices of(TensorSpec whole, int axis, boolean backwards) {
      Shape shape = whole.shape();
      if (whole.dtype().bits() < 8) {
        throw new IllegalArgumentException("elements of less than a byte are not sliced");
      }
      long inner = shape.size(axis + 1, shape.rank());
      return new Slices(
          shape.size(0, axis), shape.dim(axis), whole.dtype().bytes(inner), backwards);
    }

    static Shape without(Shape shape, int axis) {
      long[] dims = shape.dims();
      long[] rest = new long[dims.length - 1];
      for (int i = 0; i < rest.length; i++) {
        rest[i] = dims[i < axis ? i : i + 1];
      }
      return Shape.of(rest);
    }

    private long offset(long turn) {
      return (backwards ? count - 1 - turn : turn) * piece;
    }

    void read(MemorySegment whole, long turn, MemorySegment slice) {
      for (long i = 0; i < outer; i++) {
        MemorySegment.copy(whole, i * count * piece + offset(turn), slice, i * piece, piece);
      }
    }

    void write(MemorySegment slice, long turn, MemorySegment whole) {
      for (long i = 0; i < outer; i++) {
        MemorySegment.copy(slice, i * piece, whole, i * count * piece + offset(turn), piece);
      }
    }
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context ->
        context.opset() < 9
            ? batched(context, Bodies.body(context.node()))
            : plain(context, Bodies.body(context.node())));
  }

  private static List<Value> plain(OpContext context, Graph body) {
    int scanned = (int) context.node().intAttribute("num_scan_inputs", 0);
    int states = context.inputCount() - scanned;
    if (scanned < 1 || states < 0 || body.outputs().size() < states) {
      throw context.error("attribute 'num_scan_inputs' is " + scanned);
    }
    List<Value> state = new ArrayList<>();
    for (int i = 0; i < states; i++) {
      state.add(context.tensor(i));
    }
    List<Tensor> inputs = new ArrayList<>();
    for (int i = 0; i < scanned; i++) {
      inputs.add(context.tensor(states + i));
    }
    long[] axes = context.node().intsAttribute("scan_input_axes", new long[scanned]);
    long length = -1;
    for (int i = 0; i < scanned; i++) {
      int axis = Axes.normalize(context, axes[i], inputs.get(i).shape().rank());
      axes[i] = axis;
      long size = inputs.get(i).shape().dim(axis);
      if (length >= 0 && size != length) {
        throw context.error("scanned inputs have " + length + " and " + size + " slices");
      }
      length = size;
    }
    return scan(context, body, state, inputs, axes, length);
  }

  private static List<Value> scan(
      OpContext context,
      Graph body,
      List<Value> initial,
      List<Tensor> inputs,
      long[] axes,
      long length) {
    int states = initial.size();
    int scans = body.outputs().size() - states;
    long[] directions =
        context
            .node()
            .intsAttribute(
                context.opset() < 9 ? "directions" : "scan_input_directions",
                new long[inputs.size()]);
    long[] outputDirections =
        context.node().intsAttribute("scan_output_directions", new long[scans]);
    long[] outputAxes = context.node().intsAttribute("scan_output_axes", new long[scans]);
    List<Value> state = initial;
    List<List<Tensor>> stacks = new ArrayList<>();
    for (int i = 0; i < scans; i++) {
      stacks.add(new ArrayList<>());
    }
    for (long turn = 0; turn < length; turn++) {
      List<Value> values = new ArrayList<>(state);
      for (int i = 0; i < inputs.size(); i++) {
        long index = directions[i] == 0 ? turn : length - 1 - turn;
        values.add(slice(context, inputs.get(i), (int) axes[i], index));
      }
      List<Value> outputs = context.run(body, Bodies.bind(context.node(), body, values));
      state = outputs.subList(0, states);
      for (int i = 0; i < scans; i++) {
        if (!(outputs.get(states + i) instanceof Tensor output)) {
          throw context.error("output " + (states + i) + " of the body is no tensor");
        }
        List<Tensor> stack = stacks.get(i);
        stack.add(outputDirections[i] == 0 ? stack.size() : 0, output);
      }
    }
    List<Value> result = new ArrayList<>(state);
    for (int i = 0; i < scans; i++) {
      result.add(
          Bodies.stack(context, stacks.get(i), body.outputs().get(states + i), outputAxes[i]));
    }
    return result;
  }

  private static List<Value> batched(OpContext context, Graph body) {
    int scanned = (int) context.node().intAttribute("num_scan_inputs", 0);
    int states = context.inputCount() - 1 - scanned;
    if (scanned < 1 || states < 0) {
      throw context.error("attribute 'num_scan_inputs' is " + scanned);
    }
    Tensor lengths = context.tensorOrNull(0);
    long batch = context.tensor(1).shape().dim(0);
    long longest = context.tensor(1 + states).shape().dim(1);
    List<List<Tensor>> results = new ArrayList<>();
    for (int i = 0; i < body.outputs().size(); i++) {
      results.add(new ArrayList<>());
    }
    for (long b = 0; b < batch; b++) {
      List<Value> state = new ArrayList<>();
      for (int i = 0; i < states; i++) {
        state.add(slice(context, context.tensor(1 + i), 0, b));
      }
      List<Tensor> inputs = new ArrayList<>();
      for (int i = 0; i < scanned; i++) {
        inputs.add(slice(context, context.tensor(1 + states + i), 0, b));
      }
      long length = lengths == null ? longest : lengths.getLong(b);
      List<Value> outputs = scan(context, body, state, inputs, new long[scanned], length);
      for (int i = 0; i < outputs.size(); i++) {
        if (outputs.get(i) instanceof Tensor output) {
          results.get(i).add(i < states ? output : padded(context, output, longest));
        }
      }
    }
    List<Value> stacked = new ArrayList<>();
    for (int i = 0; i < results.size(); i++) {
      stacked.add(Bodies.stack(context, results.get(i), body.outputs().get(i), 0));
    }
    return stacked;
  }

  private static Tensor padded(OpContext context, Tensor x, long length) {
    if (x.shape().dim(0) == length) {
      return x;
    }
    Tensor y = context.allocate(x.dtype(), x.shape().with(0, length));
    StridedCopy.run(x, 0, y, 0, x.size());
    return y;
  }

  private static Tensor slice(OpContext context, Tensor x, int axis, long index) {
    long[] dims = x.shape().dims();
    long[] rest = new long[dims.length - 1];
    for (int i = 0; i < rest.length; i++) {
      rest[i] = dims[i < axis ? i : i + 1];
    }
    return Gather.take(context, x, axis, new long[] {index}).reshape(Axes.shape(context, rest));
  }
}
