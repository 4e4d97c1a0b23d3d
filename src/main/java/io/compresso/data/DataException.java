package io.compresso.data;

/** Data, or what was declared about it, cannot be used. The message names what is to blame. */
public final class DataException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What is wrong in kind, for callers that react differently. */
  public enum Code {
    /** The declaration (spec, selection) is wrong. */
    INVALID_SPEC("invalid-data-spec"),
    /** A file's content is not what its format says. */
    MALFORMED("malformed-data"),
    /** An archive tries to do harm: path escapes, links. */
    UNSAFE_ARCHIVE("unsafe-archive"),
    /** Something is larger than {@link DataLimits} allow. */
    LIMIT_EXCEEDED("data-limit-exceeded"),
    /** Fields do not fit the model's inputs. */
    BINDING("data-model-mismatch"),
    /** The file could not be read. */
    IO("data-io-error");

    private final String id;

    Code(String id) {
      this.id = id;
    }

    /** A stable name in kebab case. */
    public String id() {
      return id;
    }
  }

  private final Code code;
  private final String where;

  /**
   * @param where the entry, line, byte, field or spec path to blame; empty when there is none
   */
  public DataException(Code code, String where, String message) {
    super(where.isEmpty() ? message : where + ": " + message);
    this.code = code;
    this.where = where;
  }

  public DataException(Code code, String where, String message, Throwable cause) {
    super(where.isEmpty() ? message : where + ": " + message, cause);
    this.code = code;
    this.where = where;
  }

  public Code code() {
    return code;
  }

  /** The entry, line, byte, field or spec path to blame; empty when there is none. */
  public String where() {
    return where;
  }
}
