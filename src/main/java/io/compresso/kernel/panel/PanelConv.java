package io.compresso.kernel.panel;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.Operands;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.kernel.panel.PanelShape.BiasAxis;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** A float convolution over NCHW. */
public final class PanelConv extends PlanarConv {
  private final PanelProduct product;
  private final MemorySegment bias;

  public PanelConv(
      KernelSpec spec, ConvProblem problem, Weights weights, PanelProduct.Factory factory) {
    super(spec, problem, weights, factory, true);
    boolean hasBias = problem.epilogue().bias();
    this.product =
        factory.create(
            new PanelShape(
                left(),
                panel(factory.width()),
                sumStride(),
                hasBias ? BiasAxis.ROWS : BiasAxis.NONE,
                problem.epilogue()));
    this.bias =
        hasBias
            ? arena()
                .allocate(4L * problem.channels().out(), 64)
                .copyFrom(Objects.requireNonNull(weights.bias()))
            : MemorySegment.NULL;
  }

  /** Elements of one channel as it is laid out for the products. */
  public static long planeSize(ConvProblem problem) {
    return new ConvPlanes(problem).channelStride();
  }

  @Override
  protected void floatFilters(MemorySegment data, WeightQuantization scheme, MemorySegment floats) {
    floats.copyFrom(data);
  }

  @Override
  protected void floatInput(Operands operands, MemorySegment floats, int threads) {
    floats.copyFrom(operands.input());
  }

  @Override
  protected void compute(Block block) {
    MemorySegment output = block.operands().output();
    MemorySegment biases = problem().epilogue().bias() ? bias.asSlice(4L * block.channel()) : bias;
    if (storesInPlace()) {
      MemorySegment c = output.asSlice(4 * block.output());
      product.multiply(block.a(), block.b(), c, biases, block.rows(), block.columns());
      return;
    }
    long stride = 4 * sumStride();
    try (Scratch scratch = Scratch.of(block.rows() * stride)) {
      MemorySegment c = scratch.segment();
      product.multiply(block.a(), block.b(), c, biases, block.rows(), block.columns());
      block.copyResults(c, output);
    }
  }

  @Override
  public void close() {
    product.close();
    super.close();
  }
}
