package io.compresso.op;

import io.compresso.graph.Node;
import io.compresso.op.AttentionKernels.Layout;
import io.compresso.op.AttentionKernels.Layouts;
import io.compresso.op.AttentionKernels.Memory;
import io.compresso.op.AttentionKernels.Scores;
import io.compresso.op.AttentionKernels.Sizes;
import io.compresso.op.AttentionKernels.WithoutKeys;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@link Attention} of floats without a cache, whose only output is the result, as kernels. */
final class AttentionLowering {
  private static final int MASK = 3;
  private static final int FIRST_OF_CACHE = 4;
  private static final int INPUTS = 7;

  private AttentionLowering() {}

  /** One operand: its heads and where they lie. */
  private record Operand(int batch, int heads, int length, int size, Layout layout) {
    static @Nullable Operand of(TensorSpec spec, long heads) {
      Shape shape = spec.shape();
      if (spec.dtype() != DType.FLOAT || shape.size() > Integer.MAX_VALUE) {
        return null;
      }
      if (shape.rank() == 4) {
        return new Operand(
            (int) shape.dim(0),
            (int) shape.dim(1),
            (int) shape.dim(2),
            (int) shape.dim(3),
            Layout.apart(shape.dim(1), shape.dim(2), shape.dim(3)));
      }
      if (shape.rank() != 3 || heads < 1 || shape.dim(2) % heads != 0) {
        return null;
      }
      long size = shape.dim(2) / heads;
      return new Operand(
          (int) shape.dim(0),
          (int) heads,
          (int) shape.dim(1),
          (int) size,
          Layout.flat(shape.dim(1), shape.dim(2), size));
    }
  }

  /** The node as kernels; null where it has to be left to the reference. */
  static @Nullable Lowered of(LoweringContext context) {
    Node node = context.node();
    for (int i = FIRST_OF_CACHE; i < INPUTS; i++) {
      if (context.inputOrNull(i) != null) {
        return null;
      }
    }
    for (int i = 1; i < node.outputs().size(); i++) {
      if (node.output(i) != null) {
        return null;
      }
    }
    Operand q = Operand.of(context.input(0), node.intAttribute("q_num_heads", 0));
    Operand k = Operand.of(context.input(1), node.intAttribute("kv_num_heads", 0));
    Operand v = Operand.of(context.input(2), node.intAttribute("kv_num_heads", 0));
    if (q == null
        || k == null
        || v == null
        || context.input(0).shape().rank() != context.input(1).shape().rank()
        || k.heads() < 1
        || q.heads() % k.heads() != 0
        || q.size() != k.size()
        || q.batch() != k.batch()
        || v.batch() != k.batch()
        || v.heads() != k.heads()
        || v.length() != k.length()) {
      return null;
    }
    Sizes sizes =
        new Sizes(q.batch(), q.heads(), k.heads(), q.length(), k.length(), q.size(), v.size());
    return sizes.areEmpty() ? null : of(context, sizes, q.layout(), k.layout(), v.layout());
  }

  private static @Nullable Lowered of(
      LoweringContext context, Sizes sizes, Layout q, Layout k, Layout v) {
    Node node = context.node();
    List<Shape> added = new ArrayList<>();
    TensorSpec mask = context.inputOrNull(MASK);
    if (mask != null) {
      Shape shape = aligned(mask.shape());
      if (mask.dtype() != DType.FLOAT || shape == null || !sizes.take(shape)) {
        return null;
      }
      added.add(shape);
    }
    MemorySegment future = null;
    if (node.intAttribute("is_causal", 0) != 0) {
      added.add(Shape.of(1, 1, sizes.queries(), sizes.keys()));
      future = AttentionTerms.future(sizes, (batch, query) -> query + 1L);
    }
    boolean flat = context.input(0).shape().rank() == 3;
    long value = sizes.valueSize();
    Layout y =
        flat
            ? Layout.flat(sizes.queries(), sizes.heads() * value, value)
            : Layout.apart(sizes.heads(), sizes.queries(), value);
    Scores scores =
        new Scores(
            node.floatAttribute("scale", (float) (1 / Math.sqrt(sizes.size()))),
            node.floatAttribute("softcap", 0),
            added,
            node.intAttribute("nan_without_keys", 0) == 0
                ? WithoutKeys.ZEROS_BY_MASK
                : WithoutKeys.NAN);
    AttentionKernels kernels =
        new AttentionKernels(context, 0, sizes, scores, new Layouts(q, k, v, y));
    MemorySegment forbidden = future;
    return Lowered.of(
            buffers -> {
              List<MemorySegment> terms = new ArrayList<>();
              if (mask != null) {
                terms.add(buffers.input(MASK));
              }
              if (forbidden != null) {
                terms.add(forbidden);
              }
              return kernels.bind(
                  new Memory(
                      buffers.input(0),
                      buffers.input(1),
                      buffers.input(2),
                      terms,
                      buffers.output(0)),
                  buffers.workspace());
            })
        .withWorkspace(kernels.workspaceBytes());
  }

  /** A tensor's shape with four axes, as {@link Scores#added()} has it; null if it has more. */
  private static @Nullable Shape aligned(Shape shape) {
    long[] dims = {1, 1, 1, 1};
    for (int i = 1; i <= shape.rank(); i++) {
      if (i > dims.length) {
        return null;
      }
      dims[dims.length - i] = shape.dim(shape.rank() - i);
    }
    return Shape.of(dims);
  }
}
