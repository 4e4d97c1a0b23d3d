package io.compresso.onnx;

import org.jspecify.annotations.Nullable;

/** A file is not the ONNX file that it should be; names the field, and the byte where known. */
public final class OnnxFormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String field;
  private final long offset;

  OnnxFormatException(Trail where, String message) {
    this(where.toString(), message);
  }

  OnnxFormatException(Trail where, String message, @Nullable Throwable cause) {
    this(where.toString(), message, cause);
  }

  OnnxFormatException(Trail where, long offset, String message) {
    this(where.toString(), offset, message, null);
  }

  OnnxFormatException(String field, String message) {
    this(field, -1, message, null);
  }

  OnnxFormatException(String field, String message, @Nullable Throwable cause) {
    this(field, -1, message, cause);
  }

  private OnnxFormatException(
      String field, long offset, String message, @Nullable Throwable cause) {
    super(where(field, offset) + message, cause);
    this.field = field;
    this.offset = offset;
  }

  private static String where(String field, long offset) {
    String prefix = offset < 0 ? "" : "byte " + offset + ": ";
    return field.isEmpty() ? prefix : prefix + field + ": ";
  }

  /** The field to blame, as in {@code graph.node[3].attribute[0].t}; empty for the file itself. */
  public String field() {
    return field;
  }

  /** The byte of the file at which the trouble shows, or -1. */
  public long offset() {
    return offset;
  }
}
