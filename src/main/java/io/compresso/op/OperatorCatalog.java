package io.compresso.op;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Every operator, one line each, in alphabetical order. */
public final class OperatorCatalog {
  private static final List<Operator> OPERATORS =
      List.of(
          new Abs(),
          new Acos(),
          new Acosh(),
          new Add(),
          new AffineGrid(),
          new And(),
          new ArgMax(),
          new ArgMin(),
          new Asin(),
          new Asinh(),
          new Atan(),
          new Atanh(),
          new AveragePool(),
          new BatchNormalization(),
          new BitCast(),
          new BitShift(),
          new BitwiseAnd(),
          new BitwiseNot(),
          new BitwiseOr(),
          new BitwiseXor(),
          new Cast(),
          new CastLike(),
          new Ceil(),
          new Celu(),
          new Clip(),
          new Col2Im(),
          new Concat(),
          new Constant(),
          new ConstantOfShape(),
          new Conv(),
          new ConvTranspose(),
          new Cos(),
          new Cosh(),
          new CumProd(),
          new CumSum(),
          new Div(),
          new Dropout(),
          new Elu(),
          new Equal(),
          new Erf(),
          new Exp(),
          new Expand(),
          new Flatten(),
          new Floor(),
          new Gather(),
          new Gelu(),
          new Gemm(),
          new GlobalAveragePool(),
          new GlobalLpPool(),
          new GlobalMaxPool(),
          new Greater(),
          new GreaterOrEqual(),
          new GridSample(),
          new GroupNormalization(),
          new HardSigmoid(),
          new HardSwish(),
          new Hardmax(),
          new Identity(),
          new If(),
          new InstanceNormalization(),
          new IsInf(),
          new IsNaN(),
          new LRN(),
          new LayerNormalization(),
          new LeakyRelu(),
          new Less(),
          new LessOrEqual(),
          new Log(),
          new LogSoftmax(),
          new Loop(),
          new LpNormalization(),
          new LpPool(),
          new MatMul(),
          new Max(),
          new MaxPool(),
          new MaxRoiPool(),
          new MaxUnpool(),
          new Mean(),
          new Min(),
          new Mish(),
          new Mod(),
          new Mul(),
          new Neg(),
          new Not(),
          new Or(),
          new PRelu(),
          new Pad(),
          new Pow(),
          new RMSNormalization(),
          new Range(),
          new Reciprocal(),
          new ReduceL1(),
          new ReduceL2(),
          new ReduceLogSum(),
          new ReduceLogSumExp(),
          new ReduceMax(),
          new ReduceMean(),
          new ReduceMin(),
          new ReduceProd(),
          new ReduceSum(),
          new ReduceSumSquare(),
          new Relu(),
          new Reshape(),
          new RoiAlign(),
          new Round(),
          new Scan(),
          new Selu(),
          new ShapeOf(),
          new Shrink(),
          new Sigmoid(),
          new Sign(),
          new Sin(),
          new Sinh(),
          new Size(),
          new Slice(),
          new Softmax(),
          new Softplus(),
          new Softsign(),
          new Split(),
          new Sqrt(),
          new Squeeze(),
          new Sub(),
          new Sum(),
          new Swish(),
          new Tan(),
          new Tanh(),
          new ThresholdedRelu(),
          new Tile(),
          new Transpose(),
          new Trilu(),
          new Unsqueeze(),
          new Where(),
          new Xor());

  private static final Map<String, Operator> BY_NAME = new HashMap<>();

  static {
    for (Operator operator : OPERATORS) {
      BY_NAME.put(key(operator.domain(), operator.opType()), operator);
    }
  }

  private OperatorCatalog() {}

  /** All operators. */
  public static List<Operator> all() {
    return OPERATORS;
  }

  /** The operator that nodes of this domain and type mean. */
  public static Optional<Operator> find(String domain, String opType) {
    return Optional.ofNullable(BY_NAME.get(key(domain, opType)));
  }

  private static String key(String domain, String opType) {
    return domain + "::" + opType;
  }
}
