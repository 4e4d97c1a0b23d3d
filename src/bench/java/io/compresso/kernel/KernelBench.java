package io.compresso.kernel;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.google.protobuf.ByteString;
import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.onnx.proto.AttributeProto;
import io.compresso.onnx.proto.GraphProto;
import io.compresso.onnx.proto.ModelProto;
import io.compresso.onnx.proto.NodeProto;
import io.compresso.onnx.proto.OperatorSetIdProto;
import io.compresso.onnx.proto.TensorProto;
import io.compresso.onnx.proto.TensorShapeProto;
import io.compresso.onnx.proto.TypeProto;
import io.compresso.onnx.proto.ValueInfoProto;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Times the chosen kernels against models of one operator in ONNX Runtime, interleaved call by
 * call. Ratio: the median of peer / ours, above 1 when ours is faster, with its 10th and 90th
 * percentile.
 *
 * <p>Arguments: threads (1), milliseconds a shape (500), and a part of the families' names.
 */
final class KernelBench {
  private static final OperandTypes INT8 = new OperandTypes(DType.UINT8, DType.INT8, DType.UINT8);
  private static final float SCALE = 0.0005f;

  private final int threads;
  private final long nanos;

  private KernelBench(int threads, long nanos) {
    this.threads = threads;
    this.nanos = nanos;
  }

  public static void main(String[] args) throws OrtException {
    int threads = args.length > 0 ? Integer.parseInt(args[0]) : 1;
    long millis = args.length > 1 ? Long.parseLong(args[1]) : 500;
    String family = args.length > 2 ? args[2] : "";
    KernelBench bench = new KernelBench(threads, millis * 1_000_000);
    for (OperandTypes types : List.of(OperandTypes.FLOAT, INT8)) {
      String prefix = types == INT8 ? "int8 " : "f32 ";
      bench.family(prefix + "gemm", gemms(types), family);
      bench.family(prefix + "gemv", gemvs(types), family);
      bench.family(prefix + "conv", convolutions(types), family);
      bench.family(prefix + "depthwise", depthwise(types), family);
    }
  }

  private static List<ProductProblem> gemms(OperandTypes types) {
    int[][] sizes = {
      {256, 256, 256}, {512, 512, 512}, {128, 768, 768}, {128, 3072, 768}, {128, 768, 3072}
    };
    return products(types, sizes);
  }

  private static List<ProductProblem> gemvs(OperandTypes types) {
    return products(types, new int[][] {{1, 1000, 2048}, {1, 768, 768}, {1, 4096, 4096}});
  }

  private static List<ProductProblem> products(OperandTypes types, int[][] sizes) {
    List<ProductProblem> problems = new ArrayList<>();
    for (int[] size : sizes) {
      problems.add(GemmProblem.ofFloat(size[0], size[1], size[2]).withTypes(types));
    }
    return problems;
  }

  private static List<ProductProblem> convolutions(OperandTypes types) {
    return List.of(
        conv(types, new Channels(3, 64, 1), 224, 7, 2),
        conv(types, new Channels(64, 64, 1), 56, 3, 1),
        conv(types, new Channels(256, 64, 1), 56, 1, 1),
        conv(types, new Channels(64, 256, 1), 56, 1, 1),
        conv(types, new Channels(128, 128, 1), 56, 3, 2),
        conv(types, new Channels(128, 128, 1), 28, 3, 1),
        conv(types, new Channels(1024, 256, 1), 14, 1, 1),
        conv(types, new Channels(256, 256, 1), 14, 3, 1),
        conv(types, new Channels(512, 2048, 1), 7, 1, 1),
        conv(types, new Channels(512, 512, 1), 7, 3, 1));
  }

  private static List<ProductProblem> depthwise(OperandTypes types) {
    return List.of(
        conv(types, new Channels(32, 32, 32), 112, 3, 1),
        conv(types, new Channels(96, 96, 96), 112, 3, 2),
        conv(types, new Channels(144, 144, 144), 56, 3, 1),
        conv(types, new Channels(384, 384, 384), 14, 3, 1),
        conv(types, new Channels(960, 960, 960), 7, 3, 1));
  }

  private static ConvProblem conv(
      OperandTypes types, Channels channels, int size, int kernel, int stride) {
    SpatialAxis axis = new SpatialAxis(size, kernel, stride, 1, kernel / 2, kernel / 2);
    return new ConvProblem(types, Layout.NCHW, 1, channels, List.of(axis, axis), Epilogue.NONE);
  }

  private void family(String name, List<ProductProblem> problems, String wanted)
      throws OrtException {
    if (!name.contains(wanted)) {
      return;
    }
    double logs = 0;
    for (ProductProblem problem : problems) {
      logs += Math.log(compare(name, problem));
    }
    System.out.printf(
        "%-14s geometric mean of the ratios %.2f%n%n", name, Math.exp(logs / problems.size()));
  }

  private double compare(String name, ProductProblem problem) throws OrtException {
    OperandTypes types = problem.types();
    Tensor x = random(types.input(), problem.inputBytes(), 1);
    Tensor w = random(types.weight(), problem.weightBytes(), 2);
    Tensor y = random(types.output(), problem.outputBytes(), 3);
    Tensor peerY = random(types.output(), problem.outputBytes(), 3);
    WeightQuantization quantization =
        types.isInt8()
            ? new WeightQuantization(new int[] {0}, new float[] {SCALE}, 0)
            : WeightQuantization.NONE;
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (PreparedKernel kernel =
            KernelCatalog.prepare(problem, Weights.of(w.segment()).withQuantization(quantization));
        OrtSession.SessionOptions options = options();
        OrtSession session = environment.createSession(model(problem, w), options);
        OnnxTensor input = tensor(environment, x, inputShape(problem));
        OnnxTensor output = tensor(environment, peerY, outputShape(problem))) {
      Operands operands = Operands.of(x.segment(), y.segment());
      List<Double> ratios = new ArrayList<>();
      List<Double> micros = new ArrayList<>();
      long end = System.nanoTime() + 2 * nanos;
      while (System.nanoTime() < end) {
        long start = System.nanoTime();
        kernel.run(operands, threads);
        long middle = System.nanoTime();
        try (OrtSession.Result _ = session.run(Map.of("x", input), Map.of("y", output))) {
          long stop = System.nanoTime();
          if (stop > end - nanos) {
            ratios.add((double) (stop - middle) / (middle - start));
            micros.add((middle - start) / 1e3);
          }
        }
      }
      ratios.sort(null);
      micros.sort(null);
      double ratio = at(ratios, 0.5);
      double ours = at(micros, 0.5);
      System.out.printf(
          "%-14s %-52s t%d %9.1f us %7.1f GOP/s  ratio %.2f (%.2f .. %.2f) %s%n",
          name,
          describe(problem),
          threads,
          ours,
          2e-3 * problem.macs() / ours,
          ratio,
          at(ratios, 0.1),
          at(ratios, 0.9),
          kernel.spec().id());
      return ratio;
    }
  }

  private static double at(List<Double> sorted, double quantile) {
    return sorted.get((int) (quantile * (sorted.size() - 1)));
  }

  private static String describe(ProductProblem problem) {
    return switch (problem) {
      case GemmProblem gemm -> "m=%d n=%d k=%d".formatted(gemm.m(), gemm.n(), gemm.k());
      case ConvProblem conv ->
          "%d->%d g%d size=%d kernel=%d stride=%d"
              .formatted(
                  conv.channels().in(),
                  conv.channels().out(),
                  conv.channels().groups(),
                  conv.axes().getFirst().size(),
                  conv.axes().getFirst().kernel(),
                  conv.axes().getFirst().stride());
    };
  }

  private OrtSession.SessionOptions options() throws OrtException {
    OrtSession.SessionOptions options = new OrtSession.SessionOptions();
    options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
    options.setIntraOpNumThreads(threads);
    options.setInterOpNumThreads(1);
    return options;
  }

  private static Tensor random(DType type, long bytes, long seed) {
    Random random = new Random(seed);
    Tensor tensor = Tensor.allocate(type, Shape.of(bytes * 8 / type.bits()));
    for (long i = 0; i < tensor.size(); i++) {
      if (type == DType.FLOAT) {
        tensor.setFloat(i, random.nextFloat() - 0.5f);
      } else {
        tensor.setLong(i, random.nextInt(256));
      }
    }
    return tensor;
  }

  private static OnnxTensor tensor(OrtEnvironment environment, Tensor tensor, long[] shape)
      throws OrtException {
    var buffer = tensor.segment().asByteBuffer().order(ByteOrder.nativeOrder());
    return tensor.dtype() == DType.FLOAT
        ? OnnxTensor.createTensor(environment, buffer.asFloatBuffer(), shape)
        : OnnxTensor.createTensor(environment, buffer, shape, OnnxJavaType.UINT8);
  }

  private static long[] inputShape(ProductProblem problem) {
    return switch (problem) {
      case GemmProblem gemm -> new long[] {gemm.m(), gemm.k()};
      case ConvProblem conv ->
          new long[] {
            conv.batch(), conv.channels().in(), conv.axes().get(0).size(), conv.axes().get(1).size()
          };
    };
  }

  private static long[] outputShape(ProductProblem problem) {
    return switch (problem) {
      case GemmProblem gemm -> new long[] {gemm.m(), gemm.n()};
      case ConvProblem conv ->
          new long[] {
            conv.batch(),
            conv.channels().out(),
            conv.axes().get(0).outputSize(),
            conv.axes().get(1).outputSize()
          };
    };
  }

  private static byte[] model(ProductProblem problem, Tensor weights) {
    boolean int8 = problem.types().isInt8();
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .setName("bench")
            .addInput(value("x", problem.types().input(), inputShape(problem)))
            .addOutput(value("y", problem.types().output(), outputShape(problem)))
            .addInitializer(initializer("w", weights, weightShape(problem)));
    NodeProto.Builder node = NodeProto.newBuilder().addOutput("y");
    if (int8) {
      graph.addInitializer(initializer("s", Tensor.scalar(1f), new long[0]));
      graph.addInitializer(initializer("ws", Tensor.scalar(SCALE), new long[0]));
      graph.addInitializer(
          initializer("z", Tensor.allocate(DType.UINT8, Shape.SCALAR), new long[0]));
      graph.addInitializer(
          initializer("wz", Tensor.allocate(DType.INT8, Shape.SCALAR), new long[0]));
      node.addAllInput(List.of("x", "s", "z", "w", "ws", "wz", "s", "z"));
    } else {
      node.addAllInput(List.of("x", "w"));
    }
    switch (problem) {
      case GemmProblem _ -> node.setOpType(int8 ? "QLinearMatMul" : "MatMul");
      case ConvProblem conv -> {
        SpatialAxis axis = conv.axes().getFirst();
        node.setOpType(int8 ? "QLinearConv" : "Conv")
            .addAttribute(integers("kernel_shape", axis.kernel(), axis.kernel()))
            .addAttribute(integers("strides", axis.stride(), axis.stride()))
            .addAttribute(
                integers("pads", axis.padBegin(), axis.padBegin(), axis.padEnd(), axis.padEnd()))
            .addAttribute(
                AttributeProto.newBuilder()
                    .setName("group")
                    .setType(2)
                    .setI(conv.channels().groups()));
      }
    }
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
        .setGraph(graph.addNode(node))
        .build()
        .toByteArray();
  }

  private static long[] weightShape(ProductProblem problem) {
    return switch (problem) {
      case GemmProblem gemm -> new long[] {gemm.k(), gemm.n()};
      case ConvProblem conv ->
          new long[] {
            conv.channels().out(),
            conv.channels().inPerGroup(),
            conv.axes().get(0).kernel(),
            conv.axes().get(1).kernel()
          };
    };
  }

  private static AttributeProto integers(String name, long... values) {
    AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(name).setType(7);
    for (long value : values) {
      attribute.addInts(value);
    }
    return attribute.build();
  }

  private static ValueInfoProto value(String name, DType type, long[] shape) {
    TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
    for (long dim : shape) {
      dims.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(dim));
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder().setElemType(type.code()).setShape(dims)))
        .build();
  }

  private static TensorProto initializer(String name, Tensor tensor, long[] shape) {
    TensorProto.Builder proto =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(tensor.dtype().code())
            .setRawData(ByteString.copyFrom(tensor.segment().asByteBuffer()));
    for (long dim : shape) {
      proto.addDims(dim);
    }
    return proto.build();
  }
}
