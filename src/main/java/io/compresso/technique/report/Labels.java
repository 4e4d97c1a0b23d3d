package io.compresso.technique.report;

import java.util.ArrayList;
import java.util.List;

/**
 * Labels of a chart's marks, put where they cover nothing; one for which there is no room is left
 * out.
 */
final class Labels {
  private static final double LETTER = 7;
  private static final double HEIGHT = 11;
  private static final double GAP = 10;

  private final Svg svg;
  private final Box frame;
  private final List<Box> taken = new ArrayList<>();

  private record Box(double left, double top, double right, double bottom) {
    boolean meets(Box other) {
      return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
    }

    boolean holds(Box other) {
      return left <= other.left
          && top <= other.top
          && right >= other.right
          && bottom >= other.bottom;
    }
  }

  /** No label yet, in a chart with these edges. */
  Labels(Svg svg, double left, double top, double right, double bottom) {
    this.svg = svg;
    this.frame = new Box(left, top - HEIGHT, right + GAP, bottom);
  }

  /** Keeps labels away from a mark. */
  void avoid(double x, double y, double radius) {
    taken.add(new Box(x - radius, y - radius, x + radius, y + radius));
  }

  /** Puts a label beside a mark: right, left, above, below, or at a corner. */
  void beside(String style, double x, double y, String text) {
    double width = LETTER * text.length();
    double[][] places = {
      {x + GAP, y + 4},
      {x - GAP - width, y + 4},
      {x - width / 2, y - GAP},
      {x - width / 2, y + GAP + HEIGHT - 2},
      {x + GAP - 3, y - GAP + 3},
      {x + GAP - 3, y + GAP + 5}
    };
    for (double[] place : places) {
      if (put(style, place[0], place[1], width, text)) {
        return;
      }
    }
  }

  /** Puts a label above or below a line across the chart, from the right. */
  void along(String style, double y, String text) {
    double width = LETTER * text.length();
    for (double right = frame.right - GAP; right - width > frame.left; right -= 20) {
      if (put(style, right - width, y - 5, width, text)
          || put(style, right - width, y + HEIGHT + 3, width, text)) {
        return;
      }
    }
  }

  private boolean put(String style, double left, double base, double width, String text) {
    Box box = new Box(left, base - HEIGHT + 2, left + width, base + 2);
    if (!frame.holds(box) || taken.stream().anyMatch(box::meets)) {
      return false;
    }
    taken.add(box);
    svg.text(style, left, base, text);
    return true;
  }
}
