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
          new Asin(),
          new Asinh(),
          new Atan(),
          new Atanh(),
          new AveragePool(),
          new BatchNormalization(),
          new BitwiseAnd(),
          new BitwiseNot(),
          new BitwiseOr(),
          new BitwiseXor(),
          new Ceil(),
          new Celu(),
          new Col2Im(),
          new Conv(),
          new ConvTranspose(),
          new Cos(),
          new Cosh(),
          new Div(),
          new Elu(),
          new Equal(),
          new Erf(),
          new Exp(),
          new Floor(),
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
          new InstanceNormalization(),
          new LayerNormalization(),
          new LeakyRelu(),
          new Less(),
          new LessOrEqual(),
          new Log(),
          new LpNormalization(),
          new LpPool(),
          new LRN(),
          new MatMul(),
          new Max(),
          new MaxPool(),
          new MaxRoiPool(),
          new MaxUnpool(),
          new Mean(),
          new Min(),
          new Mish(),
          new Mul(),
          new Neg(),
          new Not(),
          new Or(),
          new PRelu(),
          new Reciprocal(),
          new Relu(),
          new RMSNormalization(),
          new RoiAlign(),
          new Round(),
          new Selu(),
          new Shrink(),
          new Sigmoid(),
          new Sign(),
          new Sin(),
          new Sinh(),
          new Softplus(),
          new Softsign(),
          new Sqrt(),
          new Sub(),
          new Sum(),
          new Swish(),
          new Tan(),
          new Tanh(),
          new ThresholdedRelu(),
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
