package io.compresso.technique.report;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;

/**
 * Writes markup that is well-formed XML and HTML alike. Every text and every value of an attribute
 * is escaped; names of elements and attributes are the program's own.
 */
final class Markup {
  private static final Set<String> VOID = Set.of("meta", "br");
  private static final int REPLACEMENT = 0xFFFD;

  private final StringBuilder out = new StringBuilder();
  private final Deque<String> open = new ArrayDeque<>();

  /**
   * Begins an element.
   *
   * @param attributes names and values in turn
   */
  Markup open(String element, String... attributes) {
    tag(element, attributes);
    if (VOID.contains(element)) {
      out.append("/>");
    } else {
      out.append('>');
      open.push(element);
    }
    return this;
  }

  /** Ends the element that was begun last. */
  Markup close() {
    out.append("</").append(open.pop()).append('>');
    return this;
  }

  /** Ends the element that was begun last, and a line. */
  Markup end() {
    close();
    out.append('\n');
    return this;
  }

  /** An element that holds a text. */
  Markup leaf(String element, String text, String... attributes) {
    return open(element, attributes).text(text).close();
  }

  Markup text(String text) {
    escape(text);
    return this;
  }

  /** The program's own style sheet, which is no text. */
  Markup style(String css) {
    if (css.contains("<") || css.contains("&")) {
      throw new IllegalArgumentException("a style sheet must hold neither < nor &");
    }
    out.append("<style>\n").append(css).append("</style>\n");
    return this;
  }

  private void tag(String element, String... attributes) {
    if (attributes.length % 2 != 0) {
      throw new IllegalArgumentException("an attribute of <" + element + "> has no value");
    }
    out.append('<').append(element);
    for (int i = 0; i < attributes.length; i += 2) {
      out.append(' ').append(attributes[i]).append("=\"");
      escape(attributes[i + 1]);
      out.append('"');
    }
  }

  private void escape(String text) {
    text.codePoints()
        .forEach(point -> {
          switch (point) {
            case '&' -> out.append("&amp;");
            case '<' -> out.append("&lt;");
            case '>' -> out.append("&gt;");
            case '"' -> out.append("&quot;");
            case '\'' -> out.append("&#39;");
            default -> out.appendCodePoint(isCharacter(point) ? point : REPLACEMENT);
          }
        });
  }

  /** Whether XML takes the character, and it shows as itself. */
  private static boolean isCharacter(int point) {
    if (point < ' ') {
      return point == '\n' || point == '\t';
    }
    return point < 0x7F
        || point > 0x9F && point < 0xD800
        || point > 0xDFFF && point < 0xFFFE
        || point > 0xFFFF;
  }

  /** All of it, once every element has ended. */
  String document() {
    if (!open.isEmpty()) {
      throw new IllegalStateException("<" + open.peek() + "> is open");
    }
    return "<!DOCTYPE html>\n" + out;
  }
}
