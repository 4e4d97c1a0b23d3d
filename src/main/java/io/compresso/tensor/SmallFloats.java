package io.compresso.tensor;

/**
 * Conversions of the floating-point formats that Java has no type for: bfloat16, the 8-bit formats
 * of "FP8 Formats for Deep Learning" (arXiv 2209.05433) and their FNUZ forms, OCP MX E8M0 and E2M1.
 * Encoding rounds to nearest even; the finite-only formats saturate, as ONNX {@code Cast} does by
 * default. E2M1 has no NaN: it becomes -0.
 */
public final class SmallFloats {
  private static final Format E4M3FN = new Format(4, 3, 7, true, false);
  private static final Format E4M3FNUZ = new Format(4, 3, 8, true, true);
  private static final Format E5M2 = new Format(5, 2, 15, false, false);
  private static final Format E5M2FNUZ = new Format(5, 2, 16, true, true);
  private static final float[] E2M1 = {0f, 0.5f, 1f, 1.5f, 2f, 3f, 4f, 6f};

  private SmallFloats() {}

  /** The bfloat16 nearest to {@code value}, NaN kept quiet. */
  public static short toBFloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
  }

  /** The value of a bfloat16. */
  public static float fromBFloat16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The value of an element of {@code dtype} with the given bits. */
  public static float decode(DType dtype, int bits) {
    return switch (dtype) {
      case FLOAT16 -> Float.float16ToFloat((short) bits);
      case BFLOAT16 -> fromBFloat16((short) bits);
      case FLOAT8E4M3FN -> E4M3FN.decode(bits & 0xFF);
      case FLOAT8E4M3FNUZ -> E4M3FNUZ.decode(bits & 0xFF);
      case FLOAT8E5M2 -> E5M2.decode(bits & 0xFF);
      case FLOAT8E5M2FNUZ -> E5M2FNUZ.decode(bits & 0xFF);
      case FLOAT8E8M0 -> (bits & 0xFF) == 0xFF ? Float.NaN : Math.scalb(1f, (bits & 0xFF) - 127);
      case FLOAT4E2M1 -> (bits & 8) == 0 ? E2M1[bits & 7] : -E2M1[bits & 7];
      default -> throw new IllegalArgumentException(dtype + " is not a small float");
    };
  }

  /** The bits of the element of {@code dtype} nearest to {@code value}, saturating. */
  public static int encode(DType dtype, float value) {
    return encode(dtype, value, true);
  }

  /**
   * The bits of the element of {@code dtype} nearest to {@code value}.
   *
   * @param saturate for the 8-bit formats, whether what is too large becomes the largest finite
   *     value (else NaN or infinity)
   */
  public static int encode(DType dtype, float value, boolean saturate) {
    return switch (dtype) {
      case FLOAT16 -> Float.floatToFloat16(value) & 0xFFFF;
      case BFLOAT16 -> toBFloat16(value) & 0xFFFF;
      case FLOAT8E4M3FN -> E4M3FN.encode(value, saturate);
      case FLOAT8E4M3FNUZ -> E4M3FNUZ.encode(value, saturate);
      case FLOAT8E5M2 -> E5M2.encode(value, saturate);
      case FLOAT8E5M2FNUZ -> E5M2FNUZ.encode(value, saturate);
      case FLOAT8E8M0 -> encodeE8M0(value);
      case FLOAT4E2M1 -> encodeE2M1(value);
      default -> throw new IllegalArgumentException(dtype + " is not a small float");
    };
  }

  private static int encodeE8M0(float value) {
    if (Float.isNaN(value)) {
      return 0xFF;
    }
    int bits = Float.floatToRawIntBits(Math.abs(value));
    int exponent = bits >>> 23;
    boolean up = (bits & 0x400000) != 0 && exponent < 0xFE;
    return Math.min(0xFE, exponent + (up ? 1 : 0));
  }

  private static int encodeE2M1(float value) {
    if (Float.isNaN(value)) {
      return 8;
    }
    float magnitude = Math.abs(value);
    int best = 0;
    if (magnitude >= 6f) {
      best = 7;
    } else {
      for (int i = 1; i < E2M1.length; i++) {
        float middle = (E2M1[i - 1] + E2M1[i]) / 2;
        if (magnitude > middle || (magnitude == middle && (i & 1) == 0)) {
          best = i;
        }
      }
    }
    return Float.floatToRawIntBits(value) < 0 ? best | 8 : best;
  }

  /** A sign, exponent and mantissa format of 8 bits. */
  private record Format(
      int exponentBits, int mantissaBits, int bias, boolean finiteOnly, boolean unsignedZero) {

    float decode(int bits) {
      int magnitude = bits & 0x7F;
      float sign = (bits & 0x80) == 0 ? 1f : -1f;
      if (unsignedZero && bits == 0x80) {
        return Float.NaN;
      }
      int exponent = magnitude >>> mantissaBits;
      int mantissa = magnitude & ((1 << mantissaBits) - 1);
      if (!finiteOnly && exponent == (1 << exponentBits) - 1) {
        return mantissa == 0 ? sign * Float.POSITIVE_INFINITY : Float.NaN;
      }
      if (finiteOnly && !unsignedZero && magnitude == 0x7F) {
        return Float.NaN;
      }
      float fraction = exponent == 0 ? mantissa : mantissa + (1 << mantissaBits);
      return sign * Math.scalb(fraction, Math.max(exponent, 1) - bias - mantissaBits);
    }

    int encode(float value, boolean saturate) {
      int sign = Float.floatToRawIntBits(value) < 0 ? 0x80 : 0;
      int nan = unsignedZero ? 0x80 : finiteOnly ? sign | 0x7F : sign | 0x7E | 1;
      if (Float.isNaN(value)) {
        return nan;
      }
      float magnitude = Math.abs(value);
      int largest = finiteOnly ? (unsignedZero ? 0x7F : 0x7E) : 0x7B;
      int overflow = finiteOnly ? nan : sign | 0x7C;
      if (Float.isInfinite(value)) {
        return saturate ? sign | largest : overflow;
      }
      int exponent = magnitude == 0 ? 1 - bias : Math.max(Math.getExponent(magnitude), 1 - bias);
      int code =
          (int) Math.rint(Math.scalb((double) magnitude, mantissaBits - exponent))
              + ((exponent + bias - 1) << mantissaBits);
      if (code > largest) {
        return saturate ? sign | largest : overflow;
      }
      return code == 0 && unsignedZero ? 0 : sign | code;
    }
  }
}
