package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.SmallFloats;
import io.compresso.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Conversion between element types, as ONNX {@code Cast} defines it: floats to integers truncate
 * towards 0, wider integers lose their high bits, anything but 0 is true.
 */
final class Casts {
  private Casts() {}

  /**
   * {@code x} with another element type.
   *
   * @param saturate for 8-bit floats, whether what is too large becomes the largest finite value
   * @param roundMode for {@code FLOAT8E8M0}: {@code up}, {@code down} or {@code nearest}
   */
  static Tensor cast(OpContext context, Tensor x, DType to, boolean saturate, String roundMode) {
    if (x.dtype() == to) {
      return x;
    }
    Tensor y = context.allocate(to, x.shape());
    if (x.dtype() == DType.STRING) {
      parse(context, x, y);
    } else if (to == DType.STRING) {
      for (long i = 0; i < x.size(); i++) {
        y.setString(i, text(x, i).getBytes(StandardCharsets.UTF_8));
      }
    } else if (Blocks.Compute.of(x.dtype()) == Blocks.Compute.OTHER
        || Blocks.Compute.of(to) == Blocks.Compute.OTHER) {
      throw context.error("cannot convert " + x.dtype() + " to " + to);
    } else {
      convert(context, x, y, saturate, roundMode);
    }
    return y;
  }

  private static void convert(
      OpContext context, Tensor x, Tensor y, boolean saturate, String roundMode) {
    switch (y.dtype()) {
      case BOOL -> toBooleans(x, y);
      case FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ -> {
        for (long i = 0; i < x.size(); i++) {
          int bits = SmallFloats.encode(y.dtype(), x.getFloat(i), saturate);
          y.segment().set(ValueLayout.JAVA_BYTE, i, (byte) bits);
        }
      }
      case FLOAT8E8M0 -> {
        for (long i = 0; i < x.size(); i++) {
          int bits = exponent(context, x.getFloat(i), saturate, roundMode);
          y.segment().set(ValueLayout.JAVA_BYTE, i, (byte) bits);
        }
      }
      default -> {
        boolean fromFloat = x.dtype().isFloat();
        boolean toFloat = y.dtype().isFloat();
        if (!fromFloat && !toFloat) {
          longs(x, y);
        } else if (fromFloat && toFloat && x.dtype() != DType.DOUBLE && y.dtype() != DType.DOUBLE) {
          floats(x, y);
        } else if (toFloat) {
          doubles(x, y);
        } else {
          truncate(x, y);
        }
      }
    }
  }

  private static void floats(Tensor x, Tensor y) {
    float[] block = new float[Blocks.length(x.size())];
    for (long at = 0; at < x.size(); at += block.length) {
      int n = (int) Math.min(block.length, x.size() - at);
      Blocks.read(x, at, block, 0, n);
      Blocks.write(block, y, at, n);
    }
  }

  private static void doubles(Tensor x, Tensor y) {
    double[] block = new double[Blocks.length(x.size())];
    for (long at = 0; at < x.size(); at += block.length) {
      int n = (int) Math.min(block.length, x.size() - at);
      Blocks.read(x, at, block, 0, n);
      Blocks.write(block, y, at, n);
    }
  }

  private static void longs(Tensor x, Tensor y) {
    long[] block = new long[Blocks.length(x.size())];
    for (long at = 0; at < x.size(); at += block.length) {
      int n = (int) Math.min(block.length, x.size() - at);
      Blocks.read(x, at, block, 0, n);
      Blocks.write(block, y, at, n);
    }
  }

  private static void truncate(Tensor x, Tensor y) {
    double[] block = new double[Blocks.length(x.size())];
    long[] result = new long[block.length];
    boolean unsigned = y.dtype() == DType.UINT64;
    for (long at = 0; at < x.size(); at += block.length) {
      int n = (int) Math.min(block.length, x.size() - at);
      Blocks.read(x, at, block, 0, n);
      for (int i = 0; i < n; i++) {
        result[i] =
            unsigned && block[i] >= 0x1p63
                ? (long) (block[i] - 0x1p63) ^ Long.MIN_VALUE
                : (long) block[i];
      }
      Blocks.write(result, y, at, n);
    }
  }

  private static void toBooleans(Tensor x, Tensor y) {
    for (long i = 0; i < x.size(); i++) {
      y.setLong(i, x.dtype().isFloat() ? (x.getDouble(i) != 0 ? 1 : 0) : x.getLong(i));
    }
  }

  /** The bits of an E8M0 power of two for the magnitude of {@code value}. */
  private static int exponent(OpContext context, float value, boolean saturate, String roundMode) {
    if (Float.isNaN(value)) {
      return 0xFF;
    }
    float magnitude = Math.abs(value);
    if (Float.isInfinite(magnitude)) {
      return saturate ? 0xFE : 0xFF;
    }
    if (magnitude == 0) {
      return 0;
    }
    int exponent = Math.getExponent((double) magnitude);
    double mantissa = magnitude / Math.scalb(1.0, exponent);
    boolean up =
        switch (roundMode) {
          case "up" -> mantissa > 1;
          case "down" -> false;
          case "nearest" -> mantissa >= 1.5;
          default -> throw context.error("attribute 'round_mode' is '" + roundMode + "'");
        };
    int biased = exponent + 127 + (up ? 1 : 0);
    if (biased > 0xFE) {
      return saturate ? 0xFE : 0xFF;
    }
    return Math.max(0, biased);
  }

  private static String text(Tensor x, long index) {
    return switch (x.dtype()) {
      case BOOL -> x.getLong(index) == 0 ? "0" : "1";
      case UINT64 -> Long.toUnsignedString(x.getLong(index));
      case DOUBLE -> text(x.getDouble(index), 17);
      case FLOAT -> text(x.getDouble(index), 9);
      default ->
          x.dtype().isFloat() ? text(x.getDouble(index), 8) : Long.toString(x.getLong(index));
    };
  }

  /** As C's {@code %g} prints with that many digits, when fewer would not give the value back. */
  private static String text(double value, int digits) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "INF" : "-INF";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0" : "0";
    }
    BigDecimal rounded = shortest(value, digits).stripTrailingZeros();
    int exponent = rounded.precision() - rounded.scale() - 1;
    if (exponent < -4 || exponent >= digits) {
      String unscaled = rounded.unscaledValue().abs().toString();
      return (value < 0 ? "-" : "")
          + unscaled.charAt(0)
          + (unscaled.length() > 1 ? "." + unscaled.substring(1) : "")
          + "e%+03d".formatted(exponent);
    }
    return rounded.toPlainString();
  }

  private static BigDecimal shortest(double value, int digits) {
    BigDecimal exact = new BigDecimal(value);
    for (int precision = 1; precision < digits; precision++) {
      BigDecimal rounded = exact.round(new MathContext(precision, RoundingMode.HALF_EVEN));
      boolean same =
          digits > 9 ? rounded.doubleValue() == value : rounded.floatValue() == (float) value;
      if (same) {
        return rounded;
      }
    }
    return exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
  }

  private static void parse(OpContext context, Tensor x, Tensor y) {
    for (long i = 0; i < x.size(); i++) {
      String text = new String(x.getString(i), StandardCharsets.UTF_8).strip();
      try {
        if (y.dtype() == DType.UINT64) {
          y.setLong(i, Long.parseUnsignedLong(text));
        } else if (y.dtype().isFloat()) {
          y.setDouble(i, number(text));
        } else if (y.dtype() == DType.BOOL) {
          y.setLong(i, number(text) == 0 ? 0 : 1);
        } else {
          y.setLong(i, Long.parseLong(text));
        }
      } catch (NumberFormatException e) {
        throw context.error("element " + i + " ('" + text + "') is not a number");
      }
    }
  }

  private static double number(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "inf", "+inf", "infinity", "+infinity" -> Double.POSITIVE_INFINITY;
      case "-inf", "-infinity" -> Double.NEGATIVE_INFINITY;
      case "nan", "+nan", "-nan" -> Double.NaN;
      default -> Double.parseDouble(text);
    };
  }
}
