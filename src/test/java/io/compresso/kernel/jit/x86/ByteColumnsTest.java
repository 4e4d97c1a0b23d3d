package io.compresso.kernel.jit.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.panel.ByteColumns;
import io.compresso.kernel.panel.ByteGatherer;
import io.compresso.kernel.panel.ByteGatherer.Form;
import io.compresso.kernel.panel.BytePattern;
import io.compresso.kernel.panel.WordTransposer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ByteColumnsTest {
  private static final int LANES = WordTransposer.LANES;
  private static final int VECTOR_BYTES = ByteGatherer.VECTOR_BYTES;
  private static final int[] COUNTS = {1, 2, 15, 16};

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 7, 64, 2047, 2048, 2049, 4103})
  void quads_holdFourBytesOfEachRow_withTheSumsOfTheRows(int length) {
    assumeTrue(CpuFeatures.host().supports(Isa.AVX512_VNNI).accepted());
    for (int count : COUNTS) {
      for (boolean unsigned : new boolean[] {true, false}) {
        byte[] rows = random(count * length);
        try (Arena arena = Arena.ofConfined();
            ByteGatherer gatherer = X86ByteGatherer.of(VectorSet.AVX512, Form.QUADS);
            ByteColumns columns =
                new ByteColumns(gatherer, quads(4), length % 4 == 0 ? null : quads(length % 4))) {
          MemorySegment target = arena.allocate((long) (length + 3) / 4 * VECTOR_BYTES, 64);
          columns.begin(count, unsigned, null);
          MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_BYTE, rows);
          columns.pack(data, length, count, length, target.address());
          for (int lane = 0; lane < LANES; lane++) {
            int sum = 0;
            for (int i = 0; i < (length + 3) / 4 * 4; i++) {
              boolean present = lane < count && i < length;
              int value = present ? value(rows[lane * length + i], unsigned) : 0;
              sum += value;
              assertThat(target.get(ValueLayout.JAVA_BYTE, i / 4 * 64 + 4 * lane + i % 4))
                  .isEqualTo((byte) value);
            }
            assertThat(columns.sum(lane)).isEqualTo(sum);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 31, 32, 33, 230})
  void pairs_holdTwoWordsThatAreMovedByRow_withTheSumsOfTheirMagnitudes(int channels) {
    assumeTrue(CpuFeatures.host().supports(Isa.AVX512).accepted());
    int taps = 9;
    int length = channels * taps;
    int[] moves = IntStream.range(0, LANES).map(lane -> 13 * lane - 90).toArray();
    for (int count : COUNTS) {
      for (boolean unsigned : new boolean[] {true, false}) {
        byte[] rows = random(count * length);
        try (Arena arena = Arena.ofConfined();
            ByteGatherer gatherer = X86ByteGatherer.of(VectorSet.AVX512, Form.PAIRS);
            ByteColumns columns =
                new ByteColumns(
                    gatherer,
                    pairs(4, taps),
                    channels % 4 == 0 ? null : pairs(channels % 4, taps))) {
          int pairs = (channels + 1) / 2;
          MemorySegment target = arena.allocate((long) pairs * taps * VECTOR_BYTES, 64);
          columns.begin(count, unsigned, lane -> moves[lane]);
          MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_BYTE, rows);
          columns.pack(data, length, count, length, target.address());
          for (int lane = 0; lane < LANES; lane++) {
            int sum = 0;
            for (int i = 0; i < 2 * pairs * taps; i++) {
              int channel = i / (2 * taps) * 2 + i % 2;
              int at = lane * length + channel * taps + i / 2 % taps;
              boolean present = lane < count && channel < channels;
              int value = present ? value(rows[at], unsigned) - moves[lane] : 0;
              sum += Math.abs(value);
              assertThat(target.get(ValueLayout.JAVA_SHORT, i / 2 * 64 + 4 * lane + i % 2 * 2))
                  .isEqualTo((short) value);
            }
            assertThat(columns.sum(lane)).isEqualTo(sum);
          }
        }
      }
    }
  }

  private static byte[] random(int count) {
    byte[] bytes = new byte[count];
    new Random(count).nextBytes(bytes);
    bytes[0] = Byte.MIN_VALUE;
    return bytes;
  }

  private static int value(byte value, boolean unsigned) {
    return unsigned ? Byte.toUnsignedInt(value) - 128 : value;
  }

  private static BytePattern quads(int rows) {
    int[] bytes = IntStream.range(0, 4).map(i -> i < rows ? i : BytePattern.NONE).toArray();
    return new BytePattern(Form.QUADS, bytes, new long[1], 4, VECTOR_BYTES);
  }

  /** Pairs of channels, tap by tap. */
  private static BytePattern pairs(int channels, int taps) {
    int words = (channels + 1) / 2 * taps;
    int[] bytes =
        IntStream.range(0, 2 * words)
            .map(i -> {
              int channel = i / (2 * taps) * 2 + i % 2;
              return channel < channels ? channel * taps + i / 2 % taps : BytePattern.NONE;
            })
            .toArray();
    long[] targets = IntStream.range(0, words).mapToLong(i -> (long) i * VECTOR_BYTES).toArray();
    return new BytePattern(Form.PAIRS, bytes, targets, 4 * taps, 2L * taps * VECTOR_BYTES);
  }
}
