package io.compresso.compress;

/** A form of a report that people read. */
public enum ReportForm {
  /** One page with charts. */
  HTML,
  /** Text with tables. */
  MARKDOWN
}
