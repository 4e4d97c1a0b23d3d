package io.compresso.web.page;

import java.math.BigDecimal;
import tools.jackson.databind.node.ObjectNode;

/** Numbers that come as a form's text. */
final class Numbers {
  private Numbers() {}

  /**
   * Puts a number into an object; text that is none goes as it is, so that the check of the job
   * names it.
   */
  static void put(ObjectNode owner, String name, String text) {
    try {
      BigDecimal number = new BigDecimal(text.strip());
      if (number.stripTrailingZeros().scale() <= 0) {
        owner.put(name, number.longValueExact());
      } else {
        owner.put(name, number.doubleValue());
      }
    } catch (ArithmeticException | NumberFormatException e) {
      owner.put(name, text);
    }
  }
}
