package io.compresso.kernel.jit;

import io.compresso.kernel.nhwc.Arithmetic;
import io.compresso.kernel.nhwc.RowPadder;
import java.lang.foreign.MemorySegment;

/**
 * Padding in machine code, {@code void f(source, target, target, target, rows, pattern, 0)}, the
 * pattern being the padding's element over 32 bits. Closing it gives the code back.
 *
 * @param code copies rows between padding
 * @param fill writes rows of padding
 */
public record CodePadder(Arithmetic arithmetic, CodeCache.Lease code, CodeCache.Lease fill)
    implements RowPadder {
  @Override
  public void copy(
      MemorySegment source,
      long sourceAt,
      MemorySegment target,
      long targetAt,
      int rows,
      int padding) {
    call(code, source.address() + sourceAt, target.address() + targetAt, rows, padding);
  }

  @Override
  public void fill(MemorySegment target, long targetAt, int rows, int padding) {
    long at = target.address() + targetAt;
    call(fill, at, at, rows, padding);
  }

  private void call(CodeCache.Lease lease, long source, long target, int rows, int padding) {
    long pattern =
        switch (arithmetic) {
          case FLOATS, WIDENED_HALVES, BFLOATS -> 0;
          case BYTES, SIGNED_BYTES, WIDENED_BYTES, UNITS_OF_BYTES -> (padding & 0xFF) * 0x01010101L;
          case WORDS -> (padding & 0xFFFF) * 0x00010001L;
        };
    NativeCall.block(lease.entry(), source, target, target, target, rows, pattern, 0);
  }

  @Override
  public void close() {
    code.close();
    fill.close();
  }
}
