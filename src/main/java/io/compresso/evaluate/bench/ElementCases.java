package io.compresso.evaluate.bench;

import io.compresso.kernel.BinaryFunction;
import io.compresso.kernel.BinaryProblem;
import io.compresso.kernel.Broadcast;
import io.compresso.kernel.ConvertProblem;
import io.compresso.kernel.Problem;
import io.compresso.kernel.QuantizedBinaryProblem;
import io.compresso.kernel.QuantizedBinaryProblem.Scale;
import io.compresso.kernel.UnaryFunction;
import io.compresso.kernel.UnaryProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Functions of one and of two elements, quantization and dequantization. */
public final class ElementCases {
  private static final float SCALE = 0.0123f;
  private static final int ZERO_POINT = 128;

  private record Size(ShapeList list, Shape shape) {
    static Size of(ShapeList list, long... dims) {
      return new Size(list, Shape.of(dims));
    }

    String text() {
      StringBuilder text = new StringBuilder();
      for (long dim : shape.dims()) {
        text.append(text.isEmpty() ? "" : "x").append(dim);
      }
      return text.toString();
    }
  }

  private static final List<Size> GELU =
      List.of(
          Size.of(ShapeList.BERT_BASE, 128, 3072),
          Size.of(ShapeList.BERT_BASE, 384, 3072),
          Size.of(ShapeList.BERT_BASE, 1024, 3072));

  private static final List<Size> QUANTIZE =
      List.of(
          Size.of(ShapeList.RESNET_50, 1, 3, 224, 224),
          Size.of(ShapeList.RESNET_50, 1, 64, 112, 112),
          Size.of(ShapeList.RESNET_50, 1, 2048, 7, 7),
          Size.of(ShapeList.MOBILENET_V2, 1, 96, 112, 112),
          Size.of(ShapeList.BERT_BASE, 128, 768),
          Size.of(ShapeList.BERT_BASE, 128, 3072));

  private record Function(UnaryFunction function, Size size) {}

  private static final List<Function> FUNCTIONS =
      List.of(
          new Function(UnaryFunction.RELU, Size.of(ShapeList.RESNET_50, 1, 64, 112, 112)),
          new Function(UnaryFunction.RELU, Size.of(ShapeList.RESNET_50, 1, 512, 7, 7)),
          new Function(UnaryFunction.TANH, Size.of(ShapeList.BERT_BASE, 1, 768)),
          new Function(UnaryFunction.TANH, Size.of(ShapeList.BERT_BASE, 128, 3072)),
          new Function(UnaryFunction.SIGMOID, Size.of(ShapeList.LSTM, 100, 2048)),
          new Function(UnaryFunction.EXP, Size.of(ShapeList.BERT_BASE, 128, 3072)),
          new Function(UnaryFunction.ERF, Size.of(ShapeList.BERT_BASE, 128, 3072)));

  private record Pair(BinaryFunction function, Size left, Shape right) {}

  private static final List<Pair> PAIRS =
      List.of(
          pair(BinaryFunction.ADD, Size.of(ShapeList.RESNET_50, 1, 256, 56, 56)),
          pair(BinaryFunction.ADD, Size.of(ShapeList.RESNET_50, 1, 2048, 7, 7)),
          pair(BinaryFunction.ADD, Size.of(ShapeList.MOBILENET_V2, 1, 24, 56, 56)),
          pair(BinaryFunction.ADD, Size.of(ShapeList.BERT_BASE, 128, 768)),
          new Pair(BinaryFunction.ADD, Size.of(ShapeList.BERT_BASE, 128, 3072), Shape.of(3072)),
          new Pair(
              BinaryFunction.MUL,
              Size.of(ShapeList.MOBILENET_V2, 1, 96, 56, 56),
              Shape.of(1, 96, 1, 1)),
          new Pair(BinaryFunction.MUL, Size.of(ShapeList.BERT_BASE, 1, 12, 128, 128), Shape.of(1)));

  private ElementCases() {}

  private static Pair pair(BinaryFunction function, Size size) {
    return new Pair(function, size, size.shape);
  }

  private static boolean isTimed(DType dtype, DType peerDtype) {
    return dtype == DType.FLOAT || Operators.isHalf(dtype, peerDtype);
  }

  /** By the error function, as BERT has it. */
  public static List<KernelCase> gelu(DType dtype, DType peerDtype) {
    List<KernelCase> cases = new ArrayList<>();
    for (Size size : isTimed(dtype, peerDtype) ? GELU : List.<Size>of()) {
      cases.add(
          unary(
              new Function(UnaryFunction.GELU, size),
              dtype,
              peerDtype,
              new PeerModel(PeerModel.MICROSOFT, "Gelu")));
    }
    return cases;
  }

  /** Arithmetic, and functions of one element. */
  public static List<KernelCase> elementwise(DType dtype, DType peerDtype) {
    List<KernelCase> cases = new ArrayList<>();
    if (dtype == DType.INT8) {
      for (Pair pair : PAIRS) {
        if (pair.function == BinaryFunction.ADD && pair.right.equals(pair.left.shape)) {
          cases.add(quantizedSum(pair));
        }
      }
      return cases;
    }
    if (isTimed(dtype, peerDtype)) {
      for (Function function : FUNCTIONS) {
        String name = function.function.name().toLowerCase(Locale.ROOT);
        String opType = name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
        cases.add(unary(function, dtype, peerDtype, PeerModel.of(opType)));
      }
      for (Pair pair : PAIRS) {
        cases.add(binary(pair, dtype, peerDtype));
      }
    }
    return cases;
  }

  private static KernelCase unary(
      Function function, DType dtype, DType peerDtype, PeerModel model) {
    Shape shape = function.size.shape;
    UnaryProblem problem = UnaryProblem.of(function.function, dtype, shape.size());
    return new KernelCase(
        function.size.list,
        function.function.name().toLowerCase(Locale.ROOT) + " " + function.size.text(),
        peerDtype,
        List.of(CatalogKernel.of(problem, Weights.NONE, RandomData.of(dtype, shape, 1), null)),
        List.of(PeerModel.plain(() -> model.input(RandomData.of(peerDtype, shape, 1)))),
        Roof.copying(problem.inputBytes(), problem.outputBytes()));
  }

  private static KernelCase binary(Pair pair, DType dtype, DType peerDtype) {
    Shape left = pair.left.shape;
    BinaryProblem problem = new BinaryProblem(pair.function, dtype, Broadcast.of(left, pair.right));
    String name = pair.function.name().toLowerCase(Locale.ROOT);
    String opType = name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    return binaryCase(
        pair,
        peerDtype,
        problem,
        dtype,
        () ->
            PeerModel.of(opType)
                .input(RandomData.of(peerDtype, left, 1))
                .input(RandomData.of(peerDtype, pair.right, 2)));
  }

  private static KernelCase binaryCase(
      Pair pair, DType peerDtype, Problem problem, DType dtype, Supplier<PeerModel> model) {
    String shape = pair.function.name().toLowerCase(Locale.ROOT) + " " + pair.left.text();
    if (!pair.right.equals(pair.left.shape)) {
      shape += "+" + pair.right.size();
    }
    return new KernelCase(
        pair.left.list,
        shape,
        peerDtype,
        List.of(
            CatalogKernel.of(
                problem,
                Weights.NONE,
                RandomData.of(dtype, pair.left.shape, 1),
                RandomData.of(dtype, pair.right, 2))),
        List.of(PeerModel.plain(model)),
        Roof.copying(problem.inputBytes() + problem.secondBytes(), problem.outputBytes()));
  }

  private static KernelCase quantizedSum(Pair pair) {
    Scale scale = new Scale(SCALE, ZERO_POINT);
    QuantizedBinaryProblem problem =
        new QuantizedBinaryProblem(
            QuantizedBinaryProblem.Function.ADD,
            DType.UINT8,
            Broadcast.of(pair.left.shape, pair.right),
            scale,
            scale,
            scale);
    return binaryCase(
        pair,
        DType.INT8,
        problem,
        DType.UINT8,
        () ->
            new PeerModel(PeerModel.MICROSOFT, "QLinearAdd")
                .input(RandomData.of(DType.UINT8, pair.left.shape, 1))
                .constant(Tensor.scalar(SCALE))
                .constant(zeroPoint())
                .input(RandomData.of(DType.UINT8, pair.right, 2))
                .constant(Tensor.scalar(SCALE))
                .constant(zeroPoint())
                .constant(Tensor.scalar(SCALE))
                .constant(zeroPoint()));
  }

  private static Tensor zeroPoint() {
    Tensor tensor = Tensor.allocate(DType.UINT8, Shape.SCALAR);
    tensor.setLong(0, ZERO_POINT);
    return tensor;
  }

  /** Floats to unsigned bytes, one scale. */
  public static List<KernelCase> quantize(DType dtype, DType peerDtype) {
    return conversions("QuantizeLinear", DType.FLOAT, DType.UINT8, dtype);
  }

  /** Unsigned bytes to floats, one scale. */
  public static List<KernelCase> dequantize(DType dtype, DType peerDtype) {
    return conversions("DequantizeLinear", DType.UINT8, DType.FLOAT, dtype);
  }

  private static List<KernelCase> conversions(String opType, DType from, DType to, DType dtype) {
    List<KernelCase> cases = new ArrayList<>();
    Weights weights =
        Weights.NONE.withQuantization(
            new WeightQuantization(new int[] {ZERO_POINT}, new float[] {SCALE}, 0));
    for (Size size : dtype == DType.INT8 ? QUANTIZE : List.<Size>of()) {
      ConvertProblem problem = ConvertProblem.of(from, to, size.shape.size());
      @Nullable Tensor none = null;
      cases.add(
          new KernelCase(
              size.list,
              size.text(),
              DType.INT8,
              List.of(CatalogKernel.of(problem, weights, RandomData.of(from, size.shape, 1), none)),
              List.of(
                  PeerModel.plain(() ->
                      PeerModel.of(opType)
                          .input(RandomData.of(from, size.shape, 1))
                          .constant(Tensor.scalar(SCALE))
                          .constant(zeroPoint()))),
              Roof.copying(problem.inputBytes(), problem.outputBytes())));
    }
    return cases;
  }
}
