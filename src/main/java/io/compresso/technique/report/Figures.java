package io.compresso.technique.report;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How the report writes figures. */
final class Figures {
  private static final String[] UNITS = {"bytes", "kB", "MB", "GB", "TB"};
  private static final String NONE = "\u2013";

  private Figures() {}

  static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  /** A place or length in a chart. */
  static String place(double value) {
    String text = format("%.1f", value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  /** Three significant digits. */
  static String number(double value) {
    if (value == 0 || !Double.isFinite(value)) {
      return value == 0 ? "0" : NONE;
    }
    int digits = (int) Math.clamp(2 - (long) Math.floor(Math.log10(Math.abs(value))), 0, 9);
    return format("%." + digits + "f", value);
  }

  /** A round value on an axis. */
  static String tick(double value) {
    String text = format("%.6f", value).replaceFirst("\\.?0+$", "");
    return text.equals("-0") ? "0" : text;
  }

  static String count(long count) {
    return format("%,d", count);
  }

  static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1000 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    return unit == 0 ? bytes + " bytes" : number(value) + " " + UNITS[unit];
  }

  static String percent(double fraction) {
    return number(100 * fraction) + " %";
  }

  static String times(double ratio) {
    return format("%.2f \u00d7", ratio);
  }

  static String times(@Nullable Double ratio) {
    return ratio == null ? NONE : times((double) ratio);
  }

  static String decibels(@Nullable Double ratio) {
    return ratio == null ? NONE : format("%.1f dB", ratio);
  }

  /** A loss in points, with its sign. */
  static String points(@Nullable Double loss) {
    return loss == null ? NONE : signed(100 * loss, 2);
  }

  static String signed(double value, int digits) {
    String text = format("%+." + digits + "f", value);
    return text.matches("[+-]0\\.?0*") ? text.substring(1) : text;
  }

  static String figure(@Nullable Double value) {
    return value == null ? NONE : format("%.4f", value);
  }

  /** A time, given in microseconds. */
  static String micros(double micros) {
    if (micros == 0) {
      return NONE;
    }
    return micros < 1000 ? number(micros) + " \u00b5s" : number(micros / 1000) + " ms";
  }

  /** A name with its middle left out when it is long: names of layers differ at their ends. */
  static String clip(String name, int length) {
    int points = name.codePointCount(0, name.length());
    if (points <= length) {
      return name;
    }
    int head = length / 3;
    int tail = length - head - 1;
    return name.substring(0, name.offsetByCodePoints(0, head))
        + "\u2026"
        + name.substring(name.offsetByCodePoints(0, points - tail));
  }
}
