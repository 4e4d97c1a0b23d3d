package io.compresso.engine.pass;

import io.compresso.graph.Attribute;
import io.compresso.graph.Node;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes transposed convolutions with constant weights convolutions whose channels are spread over
 * space (Shi et al., "Is the deconvolution layer the same as a convolutional layer?", 2016): each
 * element of a stride's block has a filter of its own, of every stride-th weight.
 */
final class ExpandTransposedConvolutions extends Rewriting {
  private static final long MOST_PHASES = 64;

  /** Weights that are moved at a time, so that they stay in the nearest caches. */
  private static final int ELEMENTS_AT_A_TIME = 1 << 14;

  ExpandTransposedConvolutions() {
    super("ConvTranspose");
  }

  @Override
  void rewrite(GraphView view, Node node, Edit edit) {
    if (!node.stringAttribute("auto_pad", "NOTSET").equals("NOTSET")
        || node.intsAttribute("output_shape", new long[0]).length > 0) {
      return;
    }
    Node converter = view.producer(node.input(1));
    boolean bytes = converter != null && Quantized.is(converter, "DequantizeLinear");
    Tensor weights = view.constant(bytes && converter != null ? converter.input(0) : node.input(1));
    int rank = view.rank(node.input(0)) - 2;
    if (weights == null
        || rank < 1
        || rank > 3
        || weights.shape().rank() != rank + 2
        || !ElementCopies.takes(weights)) {
      return;
    }
    Geometry geometry = Geometry.of(node, weights.shape(), rank);
    Tensor bias = bias(view, node, weights);
    if (geometry == null
        || node.input(2) != null && bias == null
        || bias != null && bias.size() != geometry.channels()
        || !edit.free(List.of(node))) {
      return;
    }
    List<Node> after = new ArrayList<>();
    String filters = filters(view, node, bytes ? converter : null, weights, geometry, after, edit);
    if (filters == null) {
      return;
    }
    String repeated =
        bias == null ? null : edit.constant(node.label() + "_bias", geometry.repeated(bias));
    emit(view, node, geometry, filters, repeated, after, edit);
  }

  /** The constant bias, of the type of the sums; null where there is none. */
  private static @Nullable Tensor bias(GraphView view, Node node, Tensor weights) {
    Tensor constant = view.constant(node.input(2));
    if (constant != null && constant.dtype() == weights.dtype()) {
      return constant;
    }
    float[] floats = FloatConstant.of(view, node.input(2));
    return floats == null ? null : Tensor.ofFloats(Shape.of(floats.length), floats);
  }

  private static void emit(
      GraphView view,
      Node node,
      Geometry geometry,
      String filters,
      @Nullable String bias,
      List<Node> after,
      Edit edit) {
    List<Node> before = new ArrayList<>(List.of(node));
    boolean spreads = geometry.phases() > 1;
    boolean crops = Arrays.stream(geometry.crops()).anyMatch(crop -> crop != 0);
    String result = node.outputs().getFirst();
    String sum = spreads || crops ? edit.fresh(node.label() + "_phases") : result;
    after.add(
        NodeBuilder.onnx("Conv")
            .name(node.name())
            .inputs(node.input(0), filters, bias)
            .outputs(sum)
            .with("group", geometry.group())
            .with("dilations", Attribute.ints(geometry.dilations()))
            .with("pads", Attribute.ints(geometry.pads()))
            .build());
    // A function of single elements is as good before they are moved, and can be fused there.
    Node next = spreads || crops ? view.onlyReader(result) : null;
    if (next != null && Clipping.of(view, next) != null) {
      before.add(next);
      String clipped = edit.fresh(sum + "_clipped");
      List<String> inputs = new ArrayList<>(next.inputs());
      inputs.set(0, sum);
      after.add(NodeBuilder.like(next).inputs(inputs).outputs(clipped).build());
      sum = clipped;
      result = next.outputs().getFirst();
    }
    if (spreads) {
      String spread = crops ? edit.fresh(result + "_uncropped") : result;
      after.add(
          NodeBuilder.own("PixelShuffle")
              .inputs(sum)
              .outputs(spread)
              .with("blocks", Attribute.ints(geometry.strides()))
              .with("group", geometry.group())
              .build());
      sum = spread;
    }
    if (crops) {
      after.add(crop(geometry, sum, result, view.model().opset(), edit));
    }
    edit.replace(before, after.toArray(Node[]::new));
  }

  private static Node crop(Geometry geometry, String from, String to, int opset, Edit edit) {
    int rank = geometry.rank();
    long[] starts = new long[rank];
    long[] ends = new long[rank];
    long[] axes = new long[rank];
    for (int axis = 0; axis < rank; axis++) {
      starts[axis] = geometry.crops()[axis];
      long end = geometry.crops()[axis + rank];
      ends[axis] = end == 0 ? Long.MAX_VALUE : -end;
      axes[axis] = axis + 2;
    }
    NodeBuilder slice = NodeBuilder.onnx("Slice").outputs(to);
    if (opset < 10) {
      return slice
          .inputs(from)
          .with("starts", Attribute.ints(starts))
          .with("ends", Attribute.ints(ends))
          .with("axes", Attribute.ints(axes))
          .build();
    }
    return slice
        .inputs(
            from,
            edit.constant(to + "_starts", Tensor.ofLongs(Shape.of(rank), starts)),
            edit.constant(to + "_ends", Tensor.ofLongs(Shape.of(rank), ends)),
            edit.constant(to + "_axes", Tensor.ofLongs(Shape.of(rank), axes)))
        .build();
  }

  /** The filters of all phases; dequantized where they were. */
  private static @Nullable String filters(
      GraphView view,
      Node node,
      @Nullable Node converter,
      Tensor weights,
      Geometry geometry,
      List<Node> after,
      Edit edit) {
    if (converter == null) {
      return edit.constant(node.inputs().get(1) + "_phases", geometry.filters(weights, null));
    }
    QuantizedWeights quantized = QuantizedWeights.from(view, node.input(1), 1);
    if (quantized == null || geometry.group() != 1 && quantized.scales().length != 1) {
      return null;
    }
    Tensor zeros = quantized.zeroPoints();
    Tensor scale = Tensor.ofFloats(Shape.of(quantized.scales().length), quantized.scales());
    boolean one = quantized.scales().length == 1;
    if (!one && quantized.scales().length != geometry.channels()
        || zeros != null && zeros.size() != quantized.scales().length) {
      return null;
    }
    String bytes =
        edit.constant(node.inputs().get(1) + "_phases", geometry.filters(weights, zeros));
    String floats = edit.fresh(node.inputs().get(1) + "_phases_real");
    after.add(
        NodeBuilder.onnx("DequantizeLinear")
            .inputs(
                bytes,
                edit.constant(
                    floats + "_scale",
                    one ? scale.reshape(Shape.SCALAR) : geometry.repeated(scale)),
                zeros == null
                    ? null
                    : edit.constant(
                        floats + "_zero_point",
                        one ? zeros.reshape(Shape.SCALAR) : geometry.repeated(zeros)))
            .outputs(floats)
            .with("axis", 0)
            .build());
    return floats;
  }

  /**
   * The sizes of a transposed convolution.
   *
   * @param perGroup output channels of a group
   * @param taps weights of a phase's filter along each axis
   * @param dilations between these; 1 along axes with strides
   * @param pads of the convolution, at the begin of each axis, then at the end of each
   * @param crops what is cut off of its spread result, in the same order
   */
  private record Geometry(
      int group,
      int perGroup,
      long[] kernel,
      long[] strides,
      long[] taps,
      long[] dilations,
      long[] pads,
      long[] crops) {
    static @Nullable Geometry of(Node node, Shape weights, int rank) {
      long[] ones = new long[rank];
      Arrays.fill(ones, 1);
      long[] strides = given(node, "strides", ones);
      long[] dilations = given(node, "dilations", ones);
      long[] extra = given(node, "output_padding", new long[rank]);
      long[] cut = given(node, "pads", new long[2 * rank]);
      long group = node.intAttribute("group", 1);
      long[] taps = new long[rank];
      long[] pads = new long[2 * rank];
      long[] crops = new long[2 * rank];
      long[] kernel = new long[rank];
      long phases = 1;
      if (strides.length != rank
          || dilations.length != rank
          || extra.length != rank
          || cut.length != 2 * rank
          || group < 1
          || weights.dim(0) % group != 0) {
        return null;
      }
      for (int axis = 0; axis < rank; axis++) {
        kernel[axis] = weights.dim(axis + 2);
        boolean dilated = dilations[axis] != 1;
        if (strides[axis] < 1
            || dilations[axis] < 1
            || dilated && strides[axis] != 1
            || extra[axis] < 0
            || kernel[axis] < 1) {
          return null;
        }
        taps[axis] = Math.ceilDiv(kernel[axis], strides[axis]);
        crops[axis] = cut[axis];
        crops[axis + rank] =
            taps[axis] * strides[axis] - kernel[axis] - extra[axis] + cut[axis + rank];
        phases *= strides[axis];
        if (crops[axis] < 0 || crops[axis + rank] < 0 || phases > MOST_PHASES) {
          return null;
        }
        // Whole strides are not computed in the first place.
        for (int end = axis; end < 2 * rank; end += rank) {
          long full = Math.multiplyExact(taps[axis] - 1, dilations[axis]);
          long spared = Math.min(full, crops[end] / strides[axis]);
          pads[end] = full - spared;
          crops[end] -= spared * strides[axis];
        }
      }
      return new Geometry(
          (int) group,
          Math.toIntExact(weights.dim(1)),
          kernel,
          strides,
          taps,
          dilations,
          pads,
          crops);
    }

    private static long[] given(Node node, String name, long[] otherwise) {
      long[] values = node.intsAttribute(name, otherwise);
      return values.length == 0 ? otherwise : values;
    }

    int rank() {
      return kernel.length;
    }

    int channels() {
      return group * perGroup;
    }

    int phases() {
      return (int) Arrays.stream(strides).reduce(1, (a, b) -> a * b);
    }

    /** One value an output channel of the transposed convolution, for each phase. */
    Tensor repeated(Tensor values) {
      Tensor result = Tensor.allocate(values.dtype(), Shape.of(values.size() * phases()));
      long at = 0;
      for (int g = 0; g < group; g++) {
        for (int phase = 0; phase < phases(); phase++) {
          for (int c = 0; c < perGroup; c++, at++) {
            result.setDouble(at, values.getDouble((long) g * perGroup + c));
          }
        }
      }
      return result;
    }

    /** The filters {@code [group * phase * channel, input channel, taps...]}. */
    Tensor filters(Tensor weights, @Nullable Tensor zeroPoints) {
      int inPerGroup = Math.toIntExact(weights.shape().dim(0) / group);
      long[] dims = new long[rank() + 2];
      dims[0] = (long) group * phases() * perGroup;
      dims[1] = inPerGroup;
      System.arraycopy(taps, 0, dims, 2, rank());
      Tensor result = Tensor.allocate(weights.dtype(), Shape.of(dims));
      int area = (int) Arrays.stream(taps).reduce(1, (a, b) -> a * b);
      int kernelArea = (int) Arrays.stream(kernel).reduce(1, (a, b) -> a * b);
      int rowSize = Math.multiplyExact(perGroup, kernelArea);
      int[][] weightOf = new int[phases()][area];
      for (int phase = 0; phase < weightOf.length; phase++) {
        for (int tap = 0; tap < area; tap++) {
          weightOf[phase][tap] = weight(phase, tap);
        }
      }
      int most = Math.clamp(ELEMENTS_AT_A_TIME / Math.max(1, rowSize), 1, Math.max(1, inPerGroup));
      ElementCopies rows = new ElementCopies(weights, most * rowSize);
      ElementCopies targets = new ElementCopies(result, most * area);
      for (int g = 0; g < group; g++) {
        for (int first = 0; first < inPerGroup; first += most) {
          int count = Math.min(most, inPerGroup - first);
          rows.read(((long) g * inPerGroup + first) * rowSize, count * rowSize);
          for (int phase = 0; phase < weightOf.length; phase++) {
            for (int c = 0; c < perGroup; c++) {
              int zero = zero(zeroPoints, c);
              gather(rows.bits, c * kernelArea, rowSize, weightOf[phase], zero, targets.bits);
              long channel = ((long) g * weightOf.length + phase) * perGroup + c;
              targets.write((channel * inPerGroup + first) * area, count * area);
            }
          }
        }
      }
      return result;
    }

    /** Of the kernels of some inputs one behind the other, the weights of one phase. */
    private static void gather(
        int[] kernels, int from, int stride, int[] weightOf, int zero, int[] target) {
      int area = weightOf.length;
      for (int tap = 0; tap < area; tap++) {
        int weight = weightOf[tap];
        int at = from + weight;
        for (int to = tap; to < target.length; to += area) {
          target[to] = weight < 0 || at >= kernels.length ? zero : kernels[at];
          at += stride;
        }
      }
    }

    private static int zero(@Nullable Tensor zeroPoints, int channel) {
      return zeroPoints == null
          ? 0
          : (int) zeroPoints.getLong(zeroPoints.size() == 1 ? 0 : channel);
    }

    /** Which weight of the kernel a tap of a phase's filter is, -1 when it is beyond the kernel. */
    private int weight(int phase, int tap) {
      long index = 0;
      long factor = 1;
      int restOfPhase = phase;
      int restOfTap = tap;
      for (int axis = rank() - 1; axis >= 0; axis--) {
        long r = restOfPhase % strides[axis];
        long j = restOfTap % taps[axis];
        restOfPhase /= (int) strides[axis];
        restOfTap /= (int) taps[axis];
        long at = r + strides[axis] * (taps[axis] - 1 - j);
        if (at >= kernel[axis]) {
          return -1;
        }
        index += at * factor;
        factor *= kernel[axis];
      }
      return (int) index;
    }
  }
}
