package io.compresso.evaluate;

import io.compresso.evaluate.bench.Roof;
import io.compresso.evaluate.bench.Roof.Resource;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.tensor.DType;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Says what bounds a kernel, from what was measured of it, of the peer and of the hardware. */
final class RowReason {
  /** Calls below are not long beside what surrounds the work. */
  private static final double SHORT_MICROS = 20;

  private static final double NEAR_THE_PEAK = 0.8;
  private static final double WIDE_SPREAD = 1.5;

  private RowReason() {}

  /**
   * One line.
   *
   * @param limit the least time of the hardware, null where it is not known
   * @param factors what is multiplied
   */
  static String of(
      double oursMicros,
      double peerMicros,
      Ratio ratio,
      Roof.@Nullable Limit limit,
      DType factors) {
    String reason =
        limit == null
            ? "the peak is not measured on this machine"
            : reason(oursMicros, peerMicros, limit, factors);
    return ratio.high() > WIDE_SPREAD * ratio.low() ? reason + "; the ratios scatter" : reason;
  }

  private static String reason(
      double oursMicros, double peerMicros, Roof.Limit limit, DType factors) {
    double least = limit.seconds() * 1e6;
    double ours = least / oursMicros;
    double peer = least / peerMicros;
    if (ours >= NEAR_THE_PEAK) {
      return format(
          "%.0f %% of the peak of %s, peer %.0f %%%s",
          100 * ours, limit.resource(), 100 * peer, lackOfTiles(limit.resource(), factors));
    }
    if (oursMicros < SHORT_MICROS) {
      return format(
          "a call of %.1f us, of which %s need %.1f: what surrounds them counts; peer %.1f us",
          oursMicros, limit.resource(), least, peerMicros);
    }
    return format(
        "%.0f %% of the peak of %s, %s %.0f %%",
        100 * ours,
        limit.resource(),
        peer > ours ? "of which the peer reaches" : "peer",
        100 * peer);
  }

  private static String lackOfTiles(Resource resource, DType factors) {
    boolean tiles = factors == DType.INT8 || factors == DType.BFLOAT16;
    CpuFeatures cpu = CpuFeatures.host().withoutCap();
    return resource == Resource.ARITHMETIC
            && tiles
            && cpu.supports(Isa.AVX2).accepted()
            && !cpu.supports(Isa.AMX).accepted()
        ? "; this CPU has no AMX"
        : "";
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
