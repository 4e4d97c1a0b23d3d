package io.compresso.tensor;

import java.util.Locale;

/** The element types of ONNX tensors, with the codes of {@code TensorProto.DataType}. */
public enum DType {
  FLOAT(1, 32, Kind.FLOAT),
  UINT8(2, 8, Kind.UNSIGNED),
  INT8(3, 8, Kind.SIGNED),
  UINT16(4, 16, Kind.UNSIGNED),
  INT16(5, 16, Kind.SIGNED),
  INT32(6, 32, Kind.SIGNED),
  INT64(7, 64, Kind.SIGNED),
  STRING(8, 0, Kind.STRING),
  BOOL(9, 8, Kind.BOOL),
  FLOAT16(10, 16, Kind.FLOAT),
  DOUBLE(11, 64, Kind.FLOAT),
  UINT32(12, 32, Kind.UNSIGNED),
  UINT64(13, 64, Kind.UNSIGNED),
  COMPLEX64(14, 64, Kind.COMPLEX),
  COMPLEX128(15, 128, Kind.COMPLEX),
  BFLOAT16(16, 16, Kind.FLOAT),
  FLOAT8E4M3FN(17, 8, Kind.FLOAT),
  FLOAT8E4M3FNUZ(18, 8, Kind.FLOAT),
  FLOAT8E5M2(19, 8, Kind.FLOAT),
  FLOAT8E5M2FNUZ(20, 8, Kind.FLOAT),
  UINT4(21, 4, Kind.UNSIGNED),
  INT4(22, 4, Kind.SIGNED),
  FLOAT4E2M1(23, 4, Kind.FLOAT),
  FLOAT8E8M0(24, 8, Kind.FLOAT),
  UINT2(25, 2, Kind.UNSIGNED),
  INT2(26, 2, Kind.SIGNED);

  private enum Kind {
    FLOAT,
    SIGNED,
    UNSIGNED,
    BOOL,
    STRING,
    COMPLEX
  }

  private static final DType[] BY_CODE = new DType[27];

  static {
    for (DType dtype : values()) {
      BY_CODE[dtype.code] = dtype;
    }
  }

  private final int code;
  private final int bits;
  private final Kind kind;
  private final String lowerCase;

  DType(int code, int bits, Kind kind) {
    this.code = code;
    this.bits = bits;
    this.kind = kind;
    this.lowerCase = name().toLowerCase(Locale.ROOT);
  }

  /**
   * The element type with the given ONNX code.
   *
   * @throws IllegalArgumentException if ONNX defines no such code
   */
  public static DType ofCode(int code) {
    if (code <= 0 || code >= BY_CODE.length) {
      throw new IllegalArgumentException("unknown tensor element type " + code);
    }
    return BY_CODE[code];
  }

  /** The code of {@code TensorProto.DataType}. */
  public int code() {
    return code;
  }

  /** Bits of one element; 0 for {@link #STRING}. */
  public int bits() {
    return bits;
  }

  /**
   * Bytes that {@code count} elements take, sub-byte elements packed.
   *
   * @throws ArithmeticException if the size overflows a {@code long}
   * @throws IllegalStateException for {@link #STRING}
   */
  public long bytes(long count) {
    if (this == STRING) {
      throw new IllegalStateException("string tensors have no byte size");
    }
    return bits >= 8
        ? Math.multiplyExact(count, bits / 8)
        : Math.addExact(Math.multiplyExact(count, bits), 7) / 8;
  }

  /** Whether the type is a real floating-point type. */
  public boolean isFloat() {
    return kind == Kind.FLOAT;
  }

  /** Whether the type is a signed or unsigned integer; {@link #BOOL} is not. */
  public boolean isInteger() {
    return kind == Kind.SIGNED || kind == Kind.UNSIGNED;
  }

  /** Whether the type is a signed integer. */
  public boolean isSigned() {
    return kind == Kind.SIGNED;
  }

  /** Whether the type is an unsigned integer. */
  public boolean isUnsigned() {
    return kind == Kind.UNSIGNED;
  }

  /** The smallest value of an integer type of at most 32 bits. */
  public long minValue() {
    requireInteger();
    return isUnsigned() ? 0 : -(1L << (bits - 1));
  }

  /** The largest value of an integer type; of {@link #UINT64} its bit pattern. */
  public long maxValue() {
    requireInteger();
    if (bits == 64) {
      return isUnsigned() ? -1L : Long.MAX_VALUE;
    }
    return isUnsigned() ? (1L << bits) - 1 : (1L << (bits - 1)) - 1;
  }

  private void requireInteger() {
    if (!isInteger()) {
      throw new IllegalStateException(this + " is not an integer type");
    }
  }

  /** The name in lower case, as ONNX writes it in type strings. */
  @Override
  public String toString() {
    return lowerCase;
  }
}
