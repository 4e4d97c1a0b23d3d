package io.compresso.kernel.jit.x86;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.jit.CodeCache;
import io.compresso.kernel.jit.NativeCall;
import io.compresso.kernel.panel.ConvPlanes;
import io.compresso.kernel.panel.ConvPlanes.Patch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Fills planes of four channels an element. Machine code does whole vectors and what a mask can do
 * after them, Java the rest of each row and steps that there is no code for.
 */
final class QuadFiller implements AutoCloseable {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final int ALL_BYTES = 0x01010101;
  private static final int MOST_STEP = 2;

  private final ConvProblem problem;
  private final ConvPlanes planes;
  private final VectorSet set;
  private final int quads;
  private final int flip;
  private final List<Patch> patches;
  private final boolean padded;
  private final Map<Variant, CodeCache.Lease> variants = new ConcurrentHashMap<>();

  private record Variant(int channels, long rowStep, int step, int tail) {}

  QuadFiller(ConvProblem problem, ConvPlanes planes, VectorSet set) {
    this.problem = problem;
    this.planes = planes;
    this.set = set;
    this.quads = Math.ceilDiv(problem.channels().inPerGroup(), 4);
    this.flip = Requantizer.inputFlip(problem) * ALL_BYTES;
    this.patches = planes.patches();
    this.padded = planes.isPadded();
  }

  /**
   * Fills the planes of one quad.
   *
   * @param first where the image begins in the input
   * @param quad its number among those of all groups
   * @param padding the byte that stands for the padding
   */
  void fill(MemorySegment input, long first, int quad, byte padding, MemorySegment target) {
    int perGroup = problem.channels().inPerGroup();
    int inGroup = quad % quads * 4;
    int channels = Math.min(4, perGroup - inGroup);
    long source = first + ((long) quad / quads * perGroup + inGroup) * problem.inputArea();
    long plane = 4 * quad * planes.channelStride();
    if (padded) {
      target.asSlice(plane, 4 * planes.channelStride()).fill(padding);
    }
    for (Patch patch : patches) {
      fill(input, source + patch.source(), channels, patch, target, plane + 4 * patch.target());
    }
  }

  private void fill(
      MemorySegment input, long source, int channels, Patch patch, MemorySegment target, long at) {
    int step = patch.columnStep();
    boolean masks = set == VectorSet.AVX512;
    int byCode = 0;
    if (step == 1 || (step == MOST_STEP && masks)) {
      int vectors = (patch.columns() - (step - 1)) / set.lanes();
      int tail = masks ? patch.columns() - vectors * set.lanes() : 0;
      byCode = vectors * set.lanes() + tail;
      Variant variant = new Variant(channels, patch.rowStep(), step, tail);
      if (byCode > 0) {
        NativeCall.block(
            variants.computeIfAbsent(variant, this::lease).entry(),
            input.asSlice(source),
            MemorySegment.NULL,
            target.asSlice(at),
            MemorySegment.NULL,
            patch.rows(),
            vectors,
            MemorySegment.NULL);
      }
    }
    for (int row = 0; row < patch.rows() && byCode < patch.columns(); row++) {
      for (int column = byCode; column < patch.columns(); column++) {
        long from = source + row * patch.rowStep() + (long) column * patch.columnStep();
        long to = at + 4 * ((long) row * planes.rowStride() + column);
        target.set(INT, to, quad(input, from, channels));
      }
    }
  }

  private int quad(MemorySegment input, long from, int channels) {
    int quad = 0;
    for (int c = 0; c < channels; c++) {
      int value = input.get(ValueLayout.JAVA_BYTE, from + c * problem.inputArea()) & 0xFF;
      quad |= value << (8 * c);
    }
    return quad ^ flip;
  }

  private CodeCache.Lease lease(Variant variant) {
    InterleaveCode code =
        new InterleaveCode(
            set,
            variant.channels(),
            problem.inputArea(),
            variant.rowStep(),
            4L * planes.rowStride(),
            flip,
            variant.step(),
            variant.tail());
    return CodeCache.lease(code, code::generate);
  }

  @Override
  public void close() {
    variants.values().forEach(CodeCache.Lease::close);
  }
}
