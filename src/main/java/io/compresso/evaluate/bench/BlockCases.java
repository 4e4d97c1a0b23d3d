package io.compresso.evaluate.bench;

import io.compresso.graph.Attribute;
import io.compresso.kernel.BlockGemmProblem;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Products of floats by constant weights that are quantized in blocks, for few rows and for more.
 * ONNX Runtime's {@code MatMulNBits} computes in floats at the accuracy level 0, and quantizes the
 * rows to 8 bits at level 4; ours computes in floats.
 */
public final class BlockCases {
  private static final int BLOCK = 32;
  private static final int[] ROWS = {1, 32};
  private static final int[] LEVELS = {0, 4};

  private record Size(ShapeList list, int n, int k) {}

  private static final List<Size> SIZES =
      List.of(
          new Size(ShapeList.BERT_BASE, 768, 768),
          new Size(ShapeList.BERT_BASE, 3072, 768),
          new Size(ShapeList.BERT_BASE, 768, 3072),
          new Size(ShapeList.SQUARE, 4096, 4096));

  private BlockCases() {}

  /**
   * Products by weights of a type.
   *
   * @param weight {@code INT4} or {@code INT8}
   */
  public static List<KernelCase> cases(DType weight) {
    List<KernelCase> cases = new ArrayList<>();
    for (Size size : SIZES) {
      for (int m : ROWS) {
        BlockGemmProblem problem =
            new BlockGemmProblem(m, size.n, size.k, weight.bits(), BLOCK, false);
        for (int level : LEVELS) {
          cases.add(
              new KernelCase(
                  size.list,
                  "m=%d n=%d k=%d block=%d level=%d".formatted(m, size.n, size.k, BLOCK, level),
                  weight,
                  List.of((cpu, threads) -> ours(problem).open(cpu, threads)),
                  List.of(PeerModel.plain(() -> model(problem, level))),
                  m == 1
                      ? Roof.reading(problem.secondBytes() + 4L * problem.outputChannels())
                      : Roof.arithmetic((long) m * size.n * size.k, DType.FLOAT)));
        }
      }
    }
    return cases;
  }

  private static Tensor scales(BlockGemmProblem problem) {
    return RandomData.of(DType.FLOAT, Shape.of(problem.outputChannels()), 3);
  }

  private static Tensor fields(BlockGemmProblem problem) {
    long blockBytes = (long) problem.block() * problem.bits() / 8;
    return RandomData.of(DType.UINT8, Shape.of(problem.n(), problem.blocks(), blockBytes), 2);
  }

  private static Tensor input(BlockGemmProblem problem) {
    return RandomData.of(DType.FLOAT, Shape.of(problem.m(), problem.k()), 1);
  }

  private static KernelCase.Own ours(BlockGemmProblem problem) {
    WeightQuantization quantization =
        new WeightQuantization(
            new int[] {1 << (problem.bits() - 1)}, scales(problem).toFloats(), 0);
    return CatalogKernel.of(
        problem,
        Weights.of(fields(problem).segment()).withQuantization(quantization),
        input(problem),
        null);
  }

  private static PeerModel model(BlockGemmProblem problem, int level) {
    return new PeerModel(PeerModel.MICROSOFT, "MatMulNBits")
        .input(input(problem))
        .constant(fields(problem))
        .constant(scales(problem))
        .attribute("K", Attribute.of(problem.k()))
        .attribute("N", Attribute.of(problem.n()))
        .attribute("bits", Attribute.of(problem.bits()))
        .attribute("block_size", Attribute.of(problem.block()))
        .attribute("accuracy_level", Attribute.of(level));
  }
}
