package io.compresso.technique.report;

import io.compresso.technique.Report;
import java.util.ArrayList;
import java.util.List;

/** The weights of each layer before and after, those of the layers that hurt most first. */
final class WeightHistograms {
  private static final int OPEN = 6;
  private static final int MOST = 60;
  private static final double WIDTH = 300;
  private static final double HEIGHT = 150;
  private static final double LEFT = 34;
  private static final double TOP = 8;
  private static final double BOTTOM = 126;
  private static final int NAME_LENGTH = 36;

  private WeightHistograms() {}

  static void write(Markup out, Report report) {
    out.open("section", "id", "weights").leaf("h2", "Weights before and after");
    List<Report.Layer> layers =
        LayerErrorChart.sorted(report).stream().filter(layer -> layer.histogram() != null).toList();
    if (layers.isEmpty()) {
      out.leaf("p", "No weights were compressed, so that none were counted.", "class", "none");
      out.end();
      return;
    }
    out.open("p")
        .text(
            "All weights of a layer in bins of equal width, counted on a logarithmic scale, so that"
                + " the few large weights that set a scale are seen. Before: as the layer had them"
                + " when its precision was chosen (batch normalization folded in). After: the values"
                + " that the stored numbers stand for.");
    out.end();
    legend(out, false);
    out.open("div", "class", "multiples");
    layers.stream().limit(OPEN).forEach(layer -> figure(out, layer, layers.indexOf(layer)));
    out.end();
    if (layers.size() > OPEN) {
      int drawn = Math.min(MOST, layers.size());
      out.open("details")
          .leaf("summary", "The next %d layers".formatted(drawn - OPEN))
          .open("div", "class", "multiples");
      for (int i = OPEN; i < drawn; i++) {
        figure(out, layers.get(i), i);
      }
      out.close().end();
      if (layers.size() > drawn) {
        out.leaf(
            "p",
            "The histograms of %d more layers are in the JSON report."
                .formatted(layers.size() - drawn),
            "class",
            "quiet");
      }
    }
    out.end();
  }

  /** The key to the colours; {@code worse} for charts in which bars may be red. */
  static void legend(Markup out, boolean worse) {
    out.open("p", "class", "legend");
    out.leaf("span", "", "class", "key before").text("before ");
    out.leaf("span", "", "class", "key after").text("after ");
    if (worse) {
      out.leaf("span", "", "class", "key worse").text("after, and slower or new");
    }
    out.end();
  }

  private static void figure(Markup out, Report.Layer layer, int index) {
    Report.Histogram histogram = layer.histogram();
    if (histogram == null) {
      return;
    }
    out.open("figure");
    out.open("figcaption");
    out.leaf("code", Figures.clip(layer.node(), NAME_LENGTH), "title", layer.node());
    out.open("span", "class", "quiet")
        .text(
            "%s, %s, %s weights, %s"
                .formatted(
                    layer.opType(),
                    layer.precision(),
                    Figures.count(total(histogram.before())),
                    histogram.sqnrDb() == null ? "exact" : Figures.decibels(histogram.sqnrDb())))
        .close();
    out.end();
    draw(out, layer, histogram, index);
    table(out, layer, histogram);
    out.end();
  }

  private static long total(List<Long> counts) {
    return counts.stream().mapToLong(Long::longValue).sum();
  }

  private static void draw(Markup out, Report.Layer layer, Report.Histogram histogram, int index) {
    long most = 1;
    for (int i = 0; i < histogram.before().size(); i++) {
      most = Math.max(most, Math.max(histogram.before().get(i), histogram.after().get(i)));
    }
    Axis counts = new Axis(0, Math.log10(1.0 + most), BOTTOM, TOP);
    Svg svg =
        new Svg(
            out,
            "weights-" + index,
            WIDTH,
            HEIGHT,
            "Weights of " + layer.node(),
            "Histogram from %s to %s, before and after; the fullest bin holds %d weights."
                .formatted(
                    Figures.number(histogram.low()), Figures.number(histogram.high()), most));
    for (long power = 1; power <= most; power *= 10) {
      double y = counts.place(Math.log10(1.0 + power));
      svg.line("grid", LEFT, y, WIDTH - 4, y);
      svg.text("tick end", LEFT - 5, y + 4, power < 1000 ? "" + power : power / 1000 + "k");
    }
    int bins = histogram.before().size();
    double width = (WIDTH - 4 - LEFT) / bins;
    StringBuilder outline = new StringBuilder("M" + Svg.at(LEFT, BOTTOM));
    for (int i = 0; i < bins; i++) {
      double x = LEFT + i * width;
      long before = histogram.before().get(i);
      if (before > 0) {
        double y = counts.place(Math.log10(1.0 + before));
        svg.bar("before", x, y, width, BOTTOM - y, tip(histogram, i));
      }
      double top = counts.place(Math.log10(1.0 + histogram.after().get(i)));
      outline.append('V').append(Figures.place(top));
      outline.append('H').append(Figures.place(x + width));
    }
    svg.path("outline", outline.append('V').append(Figures.place(BOTTOM)).toString());
    svg.line("zero", LEFT, BOTTOM, WIDTH - 4, BOTTOM);
    svg.text("tick", LEFT, HEIGHT - 8, Figures.number(histogram.low()));
    svg.text("tick end", WIDTH - 4, HEIGHT - 8, Figures.number(histogram.high()));
    if (histogram.low() < 0 && histogram.high() > 0) {
      double zero = new Axis(histogram.low(), histogram.high(), LEFT, WIDTH - 4).place(0);
      svg.line("zero", zero, BOTTOM, zero, BOTTOM + 4);
      if (zero > LEFT + 60 && zero < WIDTH - 64) {
        svg.text("tick middle", zero, HEIGHT - 8, "0");
      }
    }
    svg.end();
  }

  private static double edge(Report.Histogram histogram, int bin) {
    return histogram.low() + (histogram.high() - histogram.low()) * bin / histogram.before().size();
  }

  private static String tip(Report.Histogram histogram, int bin) {
    return "%s to %s: %d before, %d after"
        .formatted(
            Figures.number(edge(histogram, bin)),
            Figures.number(edge(histogram, bin + 1)),
            histogram.before().get(bin),
            histogram.after().get(bin));
  }

  private static void table(Markup out, Report.Layer layer, Report.Histogram histogram) {
    List<List<String>> rows = new ArrayList<>();
    for (int i = 0; i < histogram.before().size(); i++) {
      if (histogram.before().get(i) > 0 || histogram.after().get(i) > 0) {
        rows.add(
            List.of(
                Figures.number(edge(histogram, i)),
                Figures.count(histogram.before().get(i)),
                Figures.count(histogram.after().get(i))));
      }
    }
    Table.folded(
        out,
        "Figures",
        "Weights of " + layer.node() + " by bin; empty bins are left out",
        List.of("From", "#Before", "#After"),
        rows);
  }
}
