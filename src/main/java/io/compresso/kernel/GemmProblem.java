package io.compresso.kernel;

/**
 * {@code C[m,n] = epilogue(A[m,k] . B[k,n])}, all row-major and dense; a transposed operand lies as
 * {@code A[k,m]} or {@code B[n,k]}. B is the weight operand; bias and scales go along n. Any size
 * may be 0; with k = 0 the sums are 0.
 */
public record GemmProblem(
    OperandTypes types, int m, int n, int k, Transpose transpose, Epilogue epilogue)
    implements ProductProblem {
  /** Which operands lie transposed. */
  public enum Transpose {
    NONE,
    A,
    B,
    BOTH;

    /** The value for two flags. */
    public static Transpose of(boolean a, boolean b) {
      return a ? (b ? BOTH : A) : (b ? B : NONE);
    }

    public boolean a() {
      return this == A || this == BOTH;
    }

    public boolean b() {
      return this == B || this == BOTH;
    }
  }

  public GemmProblem {
    if (m < 0 || n < 0 || k < 0) {
      throw new IllegalArgumentException("gemm of m=%d n=%d k=%d".formatted(m, n, k));
    }
  }

  /** A float product without epilogue. */
  public static GemmProblem ofFloat(int m, int n, int k) {
    return new GemmProblem(OperandTypes.FLOAT, m, n, k, Transpose.NONE, Epilogue.NONE);
  }

  @Override
  public GemmProblem withTypes(OperandTypes newTypes) {
    return new GemmProblem(newTypes, m, n, k, transpose, epilogue);
  }

  public GemmProblem withTranspose(boolean a, boolean b) {
    return new GemmProblem(types, m, n, k, Transpose.of(a, b), epilogue);
  }

  @Override
  public GemmProblem withEpilogue(Epilogue newEpilogue) {
    return new GemmProblem(types, m, n, k, transpose, newEpilogue);
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.GEMM;
  }

  @Override
  public long inputBytes() {
    return types.input().bytes((long) m * k);
  }

  @Override
  public long weightBytes() {
    return types.weight().bytes((long) k * n);
  }

  @Override
  public long outputBytes() {
    return types.output().bytes((long) m * n);
  }

  @Override
  public int outputChannels() {
    return n;
  }

  @Override
  public long macs() {
    return Math.multiplyExact((long) m * n, k);
  }
}
