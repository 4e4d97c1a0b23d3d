package io.compresso.data.archive;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Refuses to give more bytes than a limit. */
final class LimitedInputStream extends FilterInputStream {
  private final long limit;
  private final Code code;
  private final String where;
  private final String message;
  private long count;

  LimitedInputStream(InputStream in, long limit, Code code, String where, String message) {
    super(in);
    this.limit = limit;
    this.code = code;
    this.where = where;
    this.message = message;
  }

  @Override
  public int read() throws IOException {
    int value = super.read();
    if (value >= 0) {
      counted(1);
    }
    return value;
  }

  @Override
  public int read(byte[] bytes, int from, int length) throws IOException {
    int got = super.read(bytes, from, length);
    if (got > 0) {
      counted(got);
    }
    return got;
  }

  @Override
  public long skip(long n) throws IOException {
    long skipped = super.skip(n);
    counted(skipped);
    return skipped;
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  private void counted(long n) {
    count += n;
    if (count > limit) {
      throw new DataException(code, where, message);
    }
  }
}
