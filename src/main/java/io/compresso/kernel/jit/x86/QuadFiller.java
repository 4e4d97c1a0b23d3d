package io.compresso.kernel.jit.x86;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.ConvPlanes;
import io.compresso.kernel.panel.ConvPlanes.Interior;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Fills planes of four channels an element, in machine code where no stride splits the rows. */
final class QuadFiller implements AutoCloseable {
  private static final int ALL_BYTES = 0x01010101;
  private static final int MOST_ROW_BYTES = 1 << 20;

  private final ConvProblem problem;
  private final ConvPlanes planes;
  private final VectorSet set;
  private final int quads;
  private final int flip;
  private final Map<Integer, CodeCache.Lease> variants = new ConcurrentHashMap<>();

  QuadFiller(ConvProblem problem, ConvPlanes planes, VectorSet set) {
    this.problem = problem;
    this.planes = planes;
    this.set = set;
    this.quads = Math.ceilDiv(problem.channels().inPerGroup(), 4);
    this.flip = Requantizer.inputFlip(problem) * ALL_BYTES;
  }

  /**
   * Fills the plane of one quad.
   *
   * @param first where the image begins in the input
   * @param quad its number among those of all groups
   * @param padding the element that stands for the padding
   */
  void fill(MemorySegment input, long first, int quad, int padding, MemorySegment target) {
    int perGroup = problem.channels().inPerGroup();
    int inGroup = quad % quads * 4;
    int present = Math.min(4, perGroup - inGroup);
    long area = problem.inputArea();
    long source = first + ((long) quad / quads * perGroup + inGroup) * area;
    long plane = 4 * quad * planes.channelStride();
    Interior interior = planes.interior().orElse(null);
    if (interior == null || !isCodeWorthwhile(interior)) {
      long[] channels = new long[4];
      for (int c = 0; c < 4; c++) {
        channels[c] = c < present ? source + c * area : -1;
      }
      planes.fillQuads(input, channels, flip, padding, target, plane);
      return;
    }
    if (planes.channelStride() != area) {
      target.asSlice(plane, 4 * planes.channelStride()).fill((byte) padding);
    }
    // Rows that follow one another without padding are one.
    boolean whole = interior.rowStride() == interior.columns();
    int rows = whole ? 1 : interior.rows();
    int columns = whole ? interior.columns() * interior.rows() : interior.columns();
    int tail = columns % set.lanes();
    MemorySegment code = variants.computeIfAbsent(present, this::lease).entry();
    for (int slice = 0; slice < interior.slices(); slice++) {
      NativeCall.block(
          code,
          input.asSlice(source + (long) slice * interior.rows() * interior.columns()),
          MemorySegment.NULL,
          target.asSlice(plane + 4 * (interior.first() + slice * interior.sliceStride())),
          MemorySegment.NULL,
          rows,
          columns / set.lanes(),
          set.mask(tail));
    }
  }

  private boolean isCodeWorthwhile(Interior interior) {
    boolean masks = set == VectorSet.AVX512 || tailOf(interior) == 0;
    return masks
        && interior.rows() > 0
        && interior.columns() > 0
        && interior.columns() < MOST_ROW_BYTES
        && problem.inputArea() < Integer.MAX_VALUE / 4;
  }

  private int tailOf(Interior interior) {
    boolean whole = interior.rowStride() == interior.columns();
    long columns = whole ? (long) interior.columns() * interior.rows() : interior.columns();
    return (int) (columns % set.lanes());
  }

  private CodeCache.Lease lease(int present) {
    Interior interior = planes.interior().orElseThrow();
    InterleaveCode code =
        new InterleaveCode(
            set,
            present,
            problem.inputArea(),
            interior.columns(),
            4 * interior.rowStride(),
            flip,
            tailOf(interior) > 0);
    return CodeCache.lease(code, code::generate);
  }

  @Override
  public void close() {
    variants.values().forEach(CodeCache.Lease::close);
  }
}
