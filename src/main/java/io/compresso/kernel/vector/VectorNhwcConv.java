package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.Activation;
import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue.Residual;
import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.Problem;
import io.compresso.kernel.Weights;
import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.NhwcConv;
import io.compresso.kernel.nhwc.PortablePadder;
import io.compresso.tensor.DType;
import java.util.Set;

/** The convolution over NHWC of floats or of bytes in the Vector API. */
public final class VectorNhwcConv implements Kernel {
  private final Arithmetic arithmetic;
  private final KernelSpec spec;

  private VectorNhwcConv(Arithmetic arithmetic, String datatype, Set<DType> types) {
    this.arithmetic = arithmetic;
    this.spec =
        new KernelSpec(
            datatype + "-conv-nhwc-4x1v-vector",
            KernelFamily.CONV,
            types,
            new KernelSpec.Tile(4, 1, 1),
            "[g][o/v][kernel][c][v]",
            Isa.VECTOR);
  }

  /** Of floats of single and half precision. */
  public static VectorNhwcConv ofFloats() {
    return new VectorNhwcConv(Arithmetic.FLOATS, "f32", Set.of(DType.FLOAT, DType.FLOAT16));
  }

  /** Of bytes. */
  public static VectorNhwcConv ofBytes() {
    return new VectorNhwcConv(Arithmetic.WIDENED_BYTES, "qx8", Set.of(DType.UINT8, DType.INT8));
  }

  @Override
  public KernelSpec spec() {
    return spec;
  }

  @Override
  public Acceptance accepts(Problem problem, CpuFeatures cpu) {
    Acceptance present = VectorModule.present();
    if (!present.accepted()) {
      return present;
    }
    if (!(problem instanceof ConvProblem conv) || conv.layout() != ConvProblem.Layout.NHWC) {
      return Acceptance.no("not a convolution over NHWC");
    }
    OperandTypes types = conv.types();
    boolean takes =
        arithmetic.isInteger()
            ? types.isInt8()
            : PortablePadder.takes(types.input(), arithmetic)
                && PortablePadder.takes(types.weight(), arithmetic)
                && PortablePadder.takes(types.output(), arithmetic);
    boolean bytes = types.output().bits() == 8;
    Residual residual = conv.epilogue().residual();
    return Acceptance.when(takes, "not of the types " + spec.inputTypes())
        .and(
            Acceptance.when(
                types.output().isFloat() || conv.epilogue().activation() == Activation.NONE,
                "activation %s of %s".formatted(conv.epilogue().activation(), types.output())))
        .and(
            Acceptance.when(
                residual == Residual.NONE
                    || bytes
                    || residual == Residual.ADDED && types.output().isFloat(),
                "residual %s of %s".formatted(residual, types.output())))
        .and(Acceptance.when(conv.outputBytes() > 0, "no output"));
  }

  @Override
  public PreparedKernel prepare(Problem problem, Weights weights) {
    ConvProblem conv = (ConvProblem) problem;
    boolean single = conv.isDepthwise() && conv.channels().outPerGroup() == 1;
    return new NhwcConv(spec, conv, weights, new VectorTiles(arithmetic, single));
  }
}
