package io.compresso.technique.report;

import io.compresso.technique.Report;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/** What each layer costs when only it is compressed, those that hurt most first. */
final class LayerErrorChart {
  private static final int MOST_BARS = 30;
  private static final double ROW = 22;
  private static final double TOP = 42;
  private static final double LABELS = 310;
  private static final double SQNR_TO = 620;
  private static final double LOSS_FROM = 690;
  private static final double WIDTH = 960;
  private static final int LABEL_LENGTH = 40;

  private LayerErrorChart() {}

  /** The layers, those that hurt most first; those that were not measured last. */
  static List<Report.Layer> sorted(Report report) {
    return report.layers().stream()
        .sorted(
            Comparator.comparingDouble((Report.Layer layer) ->
                Objects.requireNonNullElse(layer.sqnrDb(), Double.POSITIVE_INFINITY)))
        .toList();
  }

  /** Whether the layer computes as it did. */
  static boolean isLeft(Report.Layer layer) {
    return layer.precision().equals("fp32");
  }

  static void write(Markup out, Report report) {
    out.open("section", "id", "layers").leaf("h2", "What each layer costs");
    List<Report.Layer> layers = sorted(report);
    List<Report.Layer> measured =
        layers.stream().filter(layer -> layer.sqnrDb() != null || layer.drop() != null).toList();
    if (measured.isEmpty()) {
      out.leaf(
          "p",
          layers.isEmpty()
              ? "The technique has no layers to measure one by one."
              : "The error of single layers was not measured: it takes calibration data.",
          "class",
          "none");
    } else {
      explain(out, measured);
      draw(out, measured);
    }
    if (!layers.isEmpty()) {
      table(out, layers);
    }
    out.end();
  }

  private static void explain(Markup out, List<Report.Layer> measured) {
    out.open("p").text("Each bar is a run in which ");
    out.leaf("em", "only that layer");
    out.text(
        " was compressed. Left: signal to noise of the model's outputs on samples of the calibration"
            + " data; the shortest bar hurts most. Right: loss of accuracy on a part of the"
            + " evaluation data, measured in ONNX Runtime for the layers that hurt most.");
    if (measured.stream().anyMatch(LayerErrorChart::isLeft)) {
      out.text(" Hollow bars are layers that stay in fp32.");
    }
    out.end();
  }

  private static void draw(Markup out, List<Report.Layer> measured) {
    List<Report.Layer> shown = measured.stream().limit(MOST_BARS).toList();
    double height = TOP + ROW * shown.size() + 8;
    Report.Layer worst = shown.getFirst();
    Axis ratios = ratios(shown);
    Axis losses = losses(shown);
    out.open("figure").open("div", "class", "scroll");
    Svg svg =
        new Svg(
            out,
            "layer-error",
            WIDTH,
            height,
            "Error of each layer when only it is compressed",
            "%d of %d layers as bars, sorted by signal to noise. '%s' hurts most, with %s."
                .formatted(
                    shown.size(), measured.size(), worst.node(), Figures.decibels(worst.sqnrDb())));
    svg.text("head", ratios.from(), 14, "signal to noise of the outputs, dB");
    svg.text("head", LOSS_FROM, 14, "loss of accuracy, points");
    grid(svg, ratios, height, 6);
    grid(svg, losses, height, 4);
    svg.line("zero", losses.place(0), TOP - 6, losses.place(0), height - 4);
    double y = TOP;
    for (Report.Layer layer : shown) {
      row(svg, layer, y, ratios, losses);
      y += ROW;
    }
    svg.end();
    out.close();
    if (measured.size() > shown.size()) {
      out.leaf(
          "figcaption",
          "The %d layers that hurt least are in the table only."
              .formatted(measured.size() - shown.size()));
    }
    out.end();
  }

  private static void row(Svg svg, Report.Layer layer, double y, Axis ratios, Axis losses) {
    String style = isLeft(layer) ? "after left" : "after";
    svg.clipped("label end", LABELS - 8, y + 14, layer.node(), LABEL_LENGTH);
    Double ratio = layer.sqnrDb();
    if (ratio != null) {
      double end = ratios.place(Math.max(0, ratio));
      svg.bar(style, ratios.from(), y + 3, end - ratios.from(), ROW - 7, tip(layer));
      svg.text("value", end + 5, y + 14, Figures.format("%.1f", ratio));
    }
    Double loss = layer.drop();
    if (loss != null) {
      double zero = losses.place(0);
      double end = losses.place(100 * loss);
      String kind = isLeft(layer) ? " left" : "";
      svg.bar(
          (loss > 0 ? "worse" : "better") + kind,
          Math.min(zero, end),
          y + 3,
          Math.abs(end - zero),
          ROW - 7,
          tip(layer));
      svg.text(
          loss < 0 ? "value end" : "value",
          loss < 0 ? end - 5 : end + 5,
          y + 14,
          Figures.points(loss));
    }
  }

  private static String tip(Report.Layer layer) {
    return "%s (%s, %s): %s, loss %s points%s"
        .formatted(
            layer.node(),
            layer.opType(),
            layer.precision(),
            Figures.decibels(layer.sqnrDb()),
            Figures.points(layer.drop()),
            layer.note().isEmpty() ? "" : "; " + layer.note());
  }

  private static void grid(Svg svg, Axis axis, double height, int wanted) {
    for (double tick : axis.ticks(wanted)) {
      svg.line("grid", axis.place(tick), TOP - 6, axis.place(tick), height - 4);
      svg.text("tick middle", axis.place(tick), TOP - 12, Figures.tick(tick));
    }
  }

  private static Axis ratios(List<Report.Layer> layers) {
    double most =
        layers.stream()
            .mapToDouble(layer -> Objects.requireNonNullElse(layer.sqnrDb(), 0.0))
            .max()
            .orElse(0);
    return new Axis(0, Math.max(10, 1.02 * most), LABELS, SQNR_TO);
  }

  /** From the best to the worst, with room for the figures beside the bars. */
  private static Axis losses(List<Report.Layer> layers) {
    double low = 0;
    double high = 0;
    for (Report.Layer layer : layers) {
      double loss = 100 * Objects.requireNonNullElse(layer.drop(), 0.0);
      low = Math.min(low, loss);
      high = Math.max(high, loss);
    }
    double room = Math.max(0.1, high - low) * 0.25;
    return new Axis(low < 0 ? low - room : 0, high + room, LOSS_FROM, WIDTH - 30);
  }

  private static void table(Markup out, List<Report.Layer> layers) {
    Table.folded(
        out,
        "All %d layers as a table".formatted(layers.size()),
        "Layers, those that hurt most first",
        List.of("Node", "Operator", "Computes in", "#Weights", "#SQNR", "#Loss, points", "Note"),
        layers.stream()
            .map(layer ->
                List.of(
                    layer.node(),
                    layer.opType(),
                    layer.precision(),
                    Figures.count(layer.weights()),
                    Figures.decibels(layer.sqnrDb()),
                    Figures.points(layer.drop()),
                    layer.note()))
            .toList());
  }
}
