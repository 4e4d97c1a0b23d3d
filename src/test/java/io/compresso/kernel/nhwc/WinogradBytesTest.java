package io.compresso.kernel.nhwc;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Isa;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.Operands;
import io.compresso.kernel.PreparedKernel;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.Weights;
import io.compresso.kernel.jit.x86.WinogradKernels;
import io.compresso.kernel.ref.RefConv;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds tiles of bytes to the reference where their integers are the largest. */
class WinogradBytesTest {
  private static final int CHANNELS = 128;
  private static final int FILTERS = 17;
  private static final int SIZE = 7;
  private static final int DEPTH = CHANNELS * WinogradTransform.TAPS * WinogradTransform.TAPS;

  /** The greatest weight of a filter whose sums are exact with inputs of a magnitude of 255. */
  private static final int MOST_WEIGHT = 131_586;

  static Stream<Isa> isas() {
    return Stream.of(Isa.AVX512_VNNI, Isa.AVX_VNNI, Isa.AVX2)
        .filter(isa -> CpuFeatures.host().supports(isa).accepted());
  }

  @ParameterizedTest
  @MethodSource("isas")
  void sums_areExact_atTheBound(Isa isa) {
    for (int sign : new int[] {1, -1}) {
      check(isa, MOST_WEIGHT, sign, 0, true);
      check(isa, MOST_WEIGHT, sign, 255, true);
    }
  }

  @ParameterizedTest
  @MethodSource("isas")
  void sums_areThoseOfTheDirectConvolution_aboveTheBound(Isa isa) {
    check(isa, MOST_WEIGHT + 1, 1, 0, false);
    check(isa, MOST_WEIGHT + 1, -1, 255, false);
    check(isa, 127 * DEPTH, 1, 0, false);
  }

  @ParameterizedTest
  @MethodSource("isas")
  void filters_areLeftToTheDirectConvolution_whenTheirZeroPointIsFarOff(Isa isa) {
    try (Arena arena = Arena.ofShared()) {
      Weights weights = Weights.of(arena.allocate(problem().weightBytes(), 64));
      for (int zeroPoint : new int[] {-128, -101, -100, 0, 99, 100}) {
        WeightQuantization quantization = WeightQuantization.ofZeroPoints(zeroPoint);
        try (PreparedKernel prepared =
            WinogradKernels.ofBytes(isa)
                .prepare(problem(), weights.withQuantization(quantization))) {
          boolean isNear = zeroPoint >= -100 && zeroPoint <= 99;
          assertThat(prepared instanceof WinogradConv).as("%d", zeroPoint).isEqualTo(isNear);
        }
      }
    }
  }

  private static ConvProblem problem() {
    SpatialAxis axis = SpatialAxis.of(SIZE, WinogradTransform.TAPS, 1);
    return new ConvProblem(
        new OperandTypes(DType.UINT8, DType.INT8, DType.INT32),
        Layout.NHWC,
        1,
        new Channels(CHANNELS, FILTERS, 1),
        List.of(axis, axis),
        Epilogue.NONE);
  }

  /** With one filter of a weight and others of less, and inputs that are as far as can be. */
  private static void check(Isa isa, int weight, int sign, int zeroPoint, boolean inTiles) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment x = arena.allocate(problem().inputBytes(), 64);
      MemorySegment w = arena.allocate(problem().weightBytes(), 64);
      x.fill((byte) (255 - zeroPoint));
      for (int i = 0; i < FILTERS * DEPTH; i++) {
        boolean heaviest = i / DEPTH == FILTERS - 1;
        int value = weight / DEPTH + (heaviest && i % DEPTH < weight % DEPTH ? 1 : 0);
        w.set(ValueLayout.JAVA_BYTE, i, (byte) (sign * value));
      }
      MemorySegment expected = arena.allocate(problem().outputBytes(), 64);
      MemorySegment actual = arena.allocate(problem().outputBytes(), 64);
      try (PreparedKernel reference = new RefConv().prepare(problem(), Weights.of(w));
          PreparedKernel tiles = WinogradKernels.ofBytes(isa).prepare(problem(), Weights.of(w))) {
        assertThat(tiles instanceof WinogradConv).isEqualTo(inTiles);
        reference.run(Operands.of(x, expected).withInputQuantization(zeroPoint, 1));
        tiles.run(Operands.of(x, actual).withInputQuantization(zeroPoint, 1));
      }
      assertThat(actual.mismatch(expected)).isEqualTo(-1);
    }
  }
}
