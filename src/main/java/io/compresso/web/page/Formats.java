package io.compresso.web.page;

import io.compresso.compress.Port;
import io.compresso.web.api.ReportResource;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** How the pages write figures. */
public final class Formats {
  static final Formats INSTANCE = new Formats();

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneOffset.UTC);
  private static final String[] UNITS = {"bytes", "kB", "MB", "GB", "TB"};
  private static final double CHART_WIDTH = 200;
  private static final double CHART_RATIO = 4;

  private Formats() {}

  public String time(Instant instant) {
    return TIME.format(instant);
  }

  public String clock(Instant instant) {
    return CLOCK.format(instant);
  }

  public String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1000 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    return unit == 0 ? bytes + " bytes" : number(value) + " " + UNITS[unit];
  }

  public String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /** Three significant digits at least, no zeros at the end. */
  public String number(double value) {
    if (value == 0 || !Double.isFinite(value)) {
      return value == 0 ? "0" : Double.toString(value);
    }
    int digits = Math.clamp(3 - (long) Math.ceil(Math.log10(Math.abs(value))), 0, 6);
    String text = String.format(Locale.ROOT, "%." + digits + "f", value);
    String shortened = text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
    return shortened.equals("-0") ? "0" : shortened;
  }

  /** A figure of accuracy, to a hundredth of a point. */
  public String figure(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  public String signed(double value) {
    String text = figure(value);
    return text.equals("-0.0000") || text.equals("0.0000") ? "0" : (value > 0 ? "+" : "") + text;
  }

  public String percent(double fraction) {
    return number(fraction * 100) + " %";
  }

  public String times(double ratio) {
    return String.format(Locale.ROOT, "%.2f ×", ratio);
  }

  public String seconds(long seconds) {
    return seconds < 90 ? seconds + " s" : Math.ceilDiv(seconds, 60) + " min";
  }

  public String millis(ReportResource.Percentiles times) {
    return number(times.p50()) + " / " + number(times.p95()) + " / " + number(times.p99()) + " ms";
  }

  public String port(Port port) {
    return port.name() + ": " + port.dtype() + "[" + String.join(", ", port.shape()) + "]";
  }

  /** Where a ratio stands on the axis of the chart, from a quarter to four times, in logarithms. */
  public double place(double ratio) {
    double clamped = Math.clamp(ratio, 1 / CHART_RATIO, CHART_RATIO);
    double place = (Math.log(clamped) / Math.log(CHART_RATIO) + 1) / 2 * CHART_WIDTH;
    return Math.round(place * 10) / 10.0;
  }
}
