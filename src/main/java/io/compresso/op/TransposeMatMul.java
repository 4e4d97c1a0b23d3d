package io.compresso.op;

/** The name that {@link FusedMatMul} had before. */
final class TransposeMatMul extends FusedMatMul {
  @Override
  public String opType() {
    return "TransposeMatMul";
  }
}
