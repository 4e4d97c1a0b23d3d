package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.Broadcast;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.GemmProblem;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.op.AttentionKernels.Layout;
import io.compresso.op.AttentionKernels.Layouts;
import io.compresso.op.AttentionKernels.Memory;
import io.compresso.op.AttentionKernels.Scores;
import io.compresso.op.AttentionKernels.Sizes;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * ONNX Runtime's attention operators on floats as kernels, where they have neither a cache nor
 * other outputs than the result: {@link MicrosoftAttention}, {@link QAttention} and {@link
 * MultiHeadAttention}.
 */
final class ProjectedAttention {
  /** The node's part for its projection, after those of {@link AttentionKernels}. */
  private static final int PROJECTION = 20;

  /** The node's first part for the biases of queries, keys and values. */
  private static final int BIASES = 21;

  private ProjectedAttention() {}

  /** Writes {@code [batch, sequence, queries + keys + values]}. */
  @FunctionalInterface
  private interface Projection {
    Runnable bind(Lowered.Buffers buffers, MemorySegment target);
  }

  /** Attention whose projection is a product of floats, or null. */
  static @Nullable Lowered ofFloats(LoweringContext context) {
    Tensor bias = context.constant(2);
    if (context.input(0).dtype() != DType.FLOAT
        || context.inputOrNull(2) != null && bias == null
        || !isMatrix(context, DType.FLOAT)) {
      return null;
    }
    GemmProblem problem = projection(context, bias, OperandTypes.FLOAT);
    if (problem == null) {
      return null;
    }
    int threads = context.threads();
    return packed(
        context,
        problem,
        new Inputs(3, 4, 5),
        () -> {
          PreparedKernel kernel =
              context.prepare(PROJECTION, problem, () -> weights(context, bias));
          return (buffers, target) -> kernel.bind(Operands.of(buffers.input(0), target), threads);
        });
  }

  /** Attention whose projection is a product of bytes, or null. */
  static @Nullable Lowered ofBytes(LoweringContext context) {
    Tensor bias = context.constant(2);
    DType type = context.input(0).dtype();
    if (type != DType.UINT8 && type != DType.INT8
        || context.inputOrNull(2) != null && bias == null
        || !isMatrix(context, DType.INT8) && !isMatrix(context, DType.UINT8)
        || context.constant(4) == null
        || !context.isFixed(7)
        || context.input(3).dtype() != DType.FLOAT
        || context.input(3).shape().size() != 1
        || context.inputOrNull(6) instanceof TensorSpec zero && zero.shape().size() != 1) {
      return null;
    }
    OperandTypes types = new OperandTypes(type, context.input(1).dtype(), DType.FLOAT);
    GemmProblem problem = projection(context, bias, types);
    if (problem == null) {
      return null;
    }
    float[] scales = Lowerings.scales(context, 4);
    int[] zeros = Lowerings.zeroPoints(context, 7);
    if (scales.length != 1 && scales.length != problem.n()
        || zeros.length != 1 && zeros.length != problem.n()) {
      return null;
    }
    int threads = context.threads();
    boolean moved = context.inputOrNull(6) != null;
    return packed(
        context,
        problem,
        new Inputs(5, 8, -1),
        () -> {
          PreparedKernel kernel =
              context.prepare(
                  PROJECTION,
                  problem,
                  () ->
                      weights(context, bias)
                          .withQuantization(new WeightQuantization(zeros, scales, 0)));
          return (buffers, target) -> {
            PreparedKernel.QuantizedRun run =
                kernel.bindQuantized(Operands.of(buffers.input(0), target), threads);
            Tensor scale = Tensor.wrap(DType.FLOAT, Shape.SCALAR, buffers.input(3));
            Tensor zero = moved ? Tensor.wrap(type, Shape.SCALAR, buffers.input(6)) : null;
            return () -> run.run(zero == null ? 0 : (int) zero.getLong(0), scale.getFloat(0));
          };
        });
  }

  private static boolean isMatrix(LoweringContext context, DType dtype) {
    Tensor weights = context.constant(1);
    return weights != null && weights.dtype() == dtype && weights.shape().rank() == 2;
  }

  private static Weights weights(LoweringContext context, @Nullable Tensor bias) {
    Tensor data = context.constant(1);
    return Weights.NONE
        .withData(data == null ? null : Products.memory(data))
        .withBias(bias == null ? null : ProductLowering.memory(DType.FLOAT, bias));
  }

  private static @Nullable GemmProblem projection(
      LoweringContext context, @Nullable Tensor bias, OperandTypes types) {
    Shape x = context.input(0).shape();
    Shape w = context.input(1).shape();
    if (x.rank() != 3
        || x.dim(2) != w.dim(0)
        || bias != null && bias.size() != w.dim(1)
        || w.size() == 0
        || Math.multiplyExact(x.size(0, 2), w.dim(1)) > Integer.MAX_VALUE / 4) {
      return null;
    }
    return new GemmProblem(
        types,
        Math.toIntExact(x.size(0, 2)),
        Math.toIntExact(w.dim(1)),
        Math.toIntExact(w.dim(0)),
        GemmProblem.Transpose.NONE,
        Epilogue.NONE.withBias(bias != null));
  }

  /** Which inputs mask, cache and what is added to the scores are; negative for none. */
  private record Inputs(int mask, int past, int added) {}

  /** Makes the projection when all else fits. */
  @FunctionalInterface
  private interface ProjectionMaker {
    Projection make();
  }

  private static @Nullable Lowered packed(
      LoweringContext context, GemmProblem problem, Inputs inputs, ProjectionMaker maker) {
    Node node = context.node();
    long third = problem.n() / 3;
    long[] widths = node.intsAttribute("qkv_hidden_sizes", new long[] {third, third, third});
    long heads = node.intAttribute("num_heads", 0);
    Shape x = context.input(0).shape();
    if (heads < 1
        || widths.length != 3
        || widths[0] != widths[1]
        || widths[0] + widths[1] + widths[2] != problem.n()
        || widths[0] % heads != 0
        || widths[2] % heads != 0
        || context.inputOrNull(inputs.past()) != null
        || node.intAttribute("do_rotary", 0) != 0
        || context.outputOrNull(1) != null) {
      return null;
    }
    Sizes sizes =
        new Sizes(
            (int) x.dim(0),
            (int) heads,
            (int) heads,
            (int) x.dim(1),
            (int) x.dim(1),
            (int) (widths[0] / heads),
            (int) (widths[2] / heads));
    AttentionTerms terms = AttentionTerms.of(context, sizes, inputs.mask(), inputs.added());
    if (sizes.areEmpty() || terms == null) {
      return null;
    }
    Layout part = Layout.flat(sizes.queries(), problem.n(), sizes.size());
    Layout values = new Layout(part.batch(), sizes.valueSize(), part.row());
    Layout y = Layout.flat(sizes.queries(), widths[2], sizes.valueSize());
    AttentionKernels kernels =
        new AttentionKernels(
            context, 0, sizes, scores(context, sizes, terms), new Layouts(part, part, values, y));
    Projection projection = maker.make();
    long bytes = problem.outputBytes();
    return Lowered.of(
            buffers -> {
              MemorySegment work = buffers.workspace();
              MemorySegment all = work.asSlice(0, bytes);
              AttentionTerms.Bound added =
                  terms.bind(buffers, work.asSlice(bytes, terms.workspaceBytes()));
              Memory memory =
                  new Memory(
                      all,
                      all.asSlice(4 * widths[0]),
                      all.asSlice(8 * widths[0]),
                      added.memory(),
                      buffers.output(0));
              Lowered.Call attention =
                  kernels.bind(memory, work.asSlice(bytes + terms.workspaceBytes()));
              return Lowerings.inTurn(projection.bind(buffers, all), added.fill(), attention::run);
            })
        .withWorkspace(bytes + terms.workspaceBytes() + kernels.workspaceBytes());
  }

  private static Scores scores(LoweringContext context, Sizes sizes, AttentionTerms terms) {
    return new Scores(
        (float) PackedAttention.scale(context.node(), sizes.size()),
        0,
        terms.shapes(),
        AttentionKernels.WithoutKeys.NAN);
  }

  /** Attention of projected operands, or null. */
  static @Nullable Lowered ofHeads(LoweringContext context) {
    Node node = context.node();
    TensorSpec q = context.input(0);
    TensorSpec k = context.inputOrNull(1);
    TensorSpec v = context.inputOrNull(2);
    long heads = node.intAttribute("num_heads", 0);
    if (heads < 1
        || k == null
        || v == null
        || !isOfRows(q, heads)
        || !isOfRows(k, heads)
        || !isOfRows(v, heads)
        || k.shape().dim(0) != q.shape().dim(0)
        || v.shape().dim(0) != q.shape().dim(0)
        || k.shape().dim(2) != q.shape().dim(2)
        || v.shape().dim(1) != k.shape().dim(1)
        || context.inputOrNull(6) != null
        || context.inputOrNull(7) != null
        || context.inputOrNull(8) != null
        || context.outputOrNull(1) != null
        || context.outputOrNull(2) != null
        || context.outputOrNull(3) != null) {
      return null;
    }
    Sizes sizes =
        new Sizes(
            (int) q.shape().dim(0),
            (int) heads,
            (int) heads,
            (int) q.shape().dim(1),
            (int) k.shape().dim(1),
            (int) (q.shape().dim(2) / heads),
            (int) (v.shape().dim(2) / heads));
    TensorSpec bias = context.inputOrNull(3);
    long biases = 2 * q.shape().dim(2) + v.shape().dim(2);
    AttentionTerms terms = AttentionTerms.of(context, sizes, 4, 5);
    if (sizes.areEmpty()
        || terms == null
        || bias != null && (bias.dtype() != DType.FLOAT || bias.shape().size() != biases)) {
      return null;
    }
    Layout query = Layout.flat(sizes.queries(), q.shape().dim(2), sizes.size());
    AttentionKernels kernels =
        new AttentionKernels(
            context,
            0,
            sizes,
            scores(context, sizes, terms),
            new Layouts(
                query,
                Layout.flat(sizes.keys(), k.shape().dim(2), sizes.size()),
                Layout.flat(sizes.keys(), v.shape().dim(2), sizes.valueSize()),
                Layout.flat(sizes.queries(), v.shape().dim(2), sizes.valueSize())));
    List<TensorSpec> operands = List.of(q, k, v);
    long copies = 0;
    List<PreparedKernel> additions = new ArrayList<>();
    for (int i = 0; bias != null && i < operands.size(); i++) {
      Shape shape = operands.get(i).shape();
      additions.add(
          context.prepare(
              BIASES + i,
              new BinaryProblem(
                  BinaryFunction.ADD, DType.FLOAT, Broadcast.of(shape, Shape.of(shape.dim(2)))),
              () -> Weights.NONE));
      copies += 4 * shape.size();
    }
    int threads = context.threads();
    long copied = copies;
    return Lowered.of(
            buffers -> {
              MemorySegment work = buffers.workspace();
              List<Runnable> calls = new ArrayList<>();
              List<MemorySegment> given = new ArrayList<>();
              long at = 0;
              long from = 0;
              for (int i = 0; i < operands.size(); i++) {
                MemorySegment operand = buffers.input(i);
                if (!additions.isEmpty()) {
                  MemorySegment sum = work.asSlice(at, operand.byteSize());
                  long width = 4 * operands.get(i).shape().dim(2);
                  MemorySegment row = buffers.input(3).asSlice(from, width);
                  calls.add(additions.get(i).bind(Operands.of(operand, row, sum), threads));
                  at += operand.byteSize();
                  from += width;
                  operand = sum;
                }
                given.add(operand);
              }
              AttentionTerms.Bound added =
                  terms.bind(buffers, work.asSlice(copied, terms.workspaceBytes()));
              calls.add(added.fill());
              Memory memory =
                  new Memory(
                      given.get(0), given.get(1), given.get(2), added.memory(), buffers.output(0));
              calls.add(kernels.bind(memory, work.asSlice(copied + terms.workspaceBytes()))::run);
              return Lowerings.inTurn(calls.toArray(Runnable[]::new));
            })
        .withWorkspace(copied + terms.workspaceBytes() + kernels.workspaceBytes());
  }

  private static boolean isOfRows(TensorSpec spec, long heads) {
    return spec.dtype() == DType.FLOAT
        && spec.shape().rank() == 3
        && spec.shape().dim(2) % heads == 0
        && spec.shape().size() <= Integer.MAX_VALUE / 4;
  }
}
