package io.compresso.kernel.jit.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.panel.WordTransposer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class X86WordTransposerTest {
  private static final int LANES = WordTransposer.LANES;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 15, 16, 17, 31, 32, 33, 147})
  void words_lieInTheirLanesAtTheirOffsets_whateverTheNumberOfRows(int words) {
    assumeTrue(CpuFeatures.host().supports(Isa.AVX512).accepted());
    for (int count = 1; count <= LANES; count++) {
      int[] target = transposed(count, words);
      for (int j = 0; j < words; j++) {
        // The rows of the result lie in reverse, with a vector between them.
        int at = 2 * LANES * (words - 1 - j);
        for (int lane = 0; lane < LANES; lane++) {
          assertThat(target[at + lane]).isEqualTo(lane < count ? value(lane, j) : 0);
          assertThat(target[at + LANES + lane]).isEqualTo(-1);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4, 30, 32, 34, 62, 64, 66, 294})
  void halves_lieInTheirLanesAtTheirOffsets_whateverTheNumberOfRows(int elements) {
    assumeTrue(CpuFeatures.host().supports(Isa.AVX512).accepted());
    for (int count = 1; count <= LANES; count++) {
      short[] target = transposedHalves(count, elements);
      for (int j = 0; j < elements; j++) {
        int at = 2 * LANES * (elements - 1 - j);
        for (int lane = 0; lane < LANES; lane++) {
          assertThat(target[at + lane]).isEqualTo(lane < count ? (short) value(lane, j) : 0);
          assertThat(target[at + LANES + lane]).isEqualTo((short) -1);
        }
      }
    }
  }

  private static short[] transposedHalves(int count, int elements) {
    try (Arena arena = Arena.ofConfined();
        WordTransposer transposer = X86WordTransposer.ofHalves(VectorSet.AVX512)) {
      assertThat(transposer).isNotNull();
      MemorySegment source = arena.allocate(2L * count * elements, 2);
      MemorySegment rows = arena.allocate(8L * LANES, 8);
      MemorySegment offsets = arena.allocate(8L * elements, 8);
      short[] start = new short[2 * LANES * elements];
      Arrays.fill(start, (short) -1);
      MemorySegment target = arena.allocateFrom(ValueLayout.JAVA_SHORT, start);
      for (int lane = 0; lane < LANES; lane++) {
        int row = Math.min(lane, count - 1);
        rows.setAtIndex(ValueLayout.JAVA_LONG, lane, source.address() + 2L * row * elements);
        for (int j = 0; j < elements; j++) {
          long at = (long) row * elements + j;
          source.setAtIndex(ValueLayout.JAVA_SHORT, at, (short) value(row, j));
        }
      }
      for (int j = 0; j < elements; j++) {
        offsets.setAtIndex(ValueLayout.JAVA_LONG, j, 4L * LANES * (elements - 1 - j));
      }
      transposer.transpose(rows.address(), count, offsets.address(), elements, target.address());
      return target.toArray(ValueLayout.JAVA_SHORT);
    }
  }

  private static int value(int row, int word) {
    return 1 + 1000 * row + word;
  }

  private static int[] transposed(int count, int words) {
    try (Arena arena = Arena.ofConfined();
        WordTransposer transposer = X86WordTransposer.of(VectorSet.AVX512)) {
      assertThat(transposer).isNotNull();
      MemorySegment source = arena.allocate(4L * count * words, 4);
      MemorySegment rows = arena.allocate(8L * LANES, 8);
      MemorySegment offsets = arena.allocate(8L * words, 8);
      int[] start = new int[2 * LANES * words];
      Arrays.fill(start, -1);
      MemorySegment target = arena.allocateFrom(ValueLayout.JAVA_INT, start);
      for (int lane = 0; lane < LANES; lane++) {
        int row = Math.min(lane, count - 1);
        rows.setAtIndex(ValueLayout.JAVA_LONG, lane, source.address() + 4L * row * words);
        for (int j = 0; j < words; j++) {
          source.setAtIndex(ValueLayout.JAVA_INT, (long) row * words + j, value(row, j));
        }
      }
      for (int j = 0; j < words; j++) {
        offsets.setAtIndex(ValueLayout.JAVA_LONG, j, 8L * LANES * (words - 1 - j));
      }
      transposer.transpose(rows.address(), count, offsets.address(), words, target.address());
      return target.toArray(ValueLayout.JAVA_INT);
    }
  }
}
