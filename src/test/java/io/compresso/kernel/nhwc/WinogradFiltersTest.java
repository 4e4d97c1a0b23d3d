package io.compresso.kernel.nhwc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.compresso.kernel.ConvProblem;
import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Epilogue;
import io.compresso.kernel.Isa;
import io.compresso.kernel.OperandTypes;
import io.compresso.kernel.SpatialAxis;
import io.compresso.kernel.WeightQuantization;
import io.compresso.kernel.jit.x86.WinogradKernels;
import io.compresso.kernel.nhwc.WinogradBackend.FilterKernel;
import io.compresso.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds filters that machine code transforms to those that loops transform. */
class WinogradFiltersTest {
  private static final int AREA = WinogradTransform.TAPS * WinogradTransform.TAPS;

  /** What sums of double precision that cancel may differ by. */
  private static final float LOST = 1e-15f;

  private static final WinogradBackend BACKEND =
      WinogradKernels.backend(Isa.AVX512, Arithmetic.FLOATS);

  @BeforeEach
  void needsTheInstructions() {
    assumeTrue(CpuFeatures.host().supports(Isa.AVX512).accepted());
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 2", "3, 17, 3", "31, 32, 4", "32, 48, 2", "33, 50, 3", "70, 16, 4"})
  void filters_areThoseOfLoops_toTheLastPlace(int in, int out, int outputs) {
    for (DType type : List.of(DType.FLOAT, DType.FLOAT16)) {
      Random random = new Random(in * 100L + out);
      try (Arena arena = Arena.ofShared()) {
        MemorySegment data = arena.allocate(type.bytes((long) in * out * AREA), 64);
        for (int i = 0; i < in * out * AREA; i++) {
          put(data, type, i, (float) random.nextGaussian());
        }
        WinogradFilters filters = filters(type, in, out, outputs);
        MemorySegment expected = arena.allocate(filters.bytes(), 64);
        MemorySegment actual = arena.allocate(filters.bytes(), 64);
        assertThat(filters.pack(data, expected, null)).isTrue();
        try (FilterKernel kernel = BACKEND.filters(outputs)) {
          assertThat(kernel).isNotNull();
          assertThat(filters.pack(data, actual, kernel)).isTrue();
        }
        for (long i = 0; i < filters.bytes() / 4; i++) {
          float value = expected.getAtIndex(ValueLayout.JAVA_FLOAT, i);
          assertThat(Math.abs(actual.getAtIndex(ValueLayout.JAVA_FLOAT, i) - value))
              .isLessThanOrEqualTo(Math.ulp(value) + LOST);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "3, 17", "31, 32", "32, 48", "33, 50", "70, 16"})
  void filtersOfBytes_areThoseOfLoops(int in, int out) {
    WinogradBackend backend = WinogradKernels.backend(Isa.AVX512, Arithmetic.WORDS);
    for (DType type : List.of(DType.INT8, DType.UINT8)) {
      Random random = new Random(in * 100L + out);
      int middle = type == DType.UINT8 ? 128 : 0;
      int[] zeroPoints = random.ints(out, middle - 90, middle + 90).toArray();
      WeightQuantization quantization = new WeightQuantization(zeroPoints, new float[] {1}, 0);
      try (Arena arena = Arena.ofShared()) {
        MemorySegment data = arena.allocate((long) in * out * AREA, 64);
        byte[] bytes = new byte[in * out * AREA];
        random.nextBytes(bytes);
        data.copyFrom(MemorySegment.ofArray(bytes));
        WinogradFilters filters =
            new WinogradFilters(problem(type, in, out), quantization, backend, 4);
        MemorySegment expected = arena.allocate(filters.bytes(), 64);
        MemorySegment actual = arena.allocate(filters.bytes(), 64);
        assertThat(filters.pack(data, expected, null)).isTrue();
        try (FilterKernel kernel = backend.filters(4)) {
          assertThat(kernel).isNotNull();
          assertThat(filters.pack(data, actual, kernel)).isTrue();
        }
        assertThat(actual.mismatch(expected)).isEqualTo(-1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {0x1p101f, Float.NEGATIVE_INFINITY, Float.NaN})
  void filters_areNotModerate_withOneValueThatIsNot(float value) {
    try (Arena arena = Arena.ofShared();
        FilterKernel kernel = BACKEND.filters(2)) {
      WinogradFilters filters = filters(DType.FLOAT, 40, 33, 2);
      MemorySegment data = arena.allocate(4L * 40 * 33 * AREA, 64);
      MemorySegment target = arena.allocate(filters.bytes(), 64);
      for (int at : new int[] {0, 39 * AREA + 4, 40 * 33 * AREA - 1}) {
        data.setAtIndex(ValueLayout.JAVA_FLOAT, at, value);
        assertThat(filters.pack(data, target, kernel)).isFalse();
        data.setAtIndex(ValueLayout.JAVA_FLOAT, at, 0);
      }
      assertThat(filters.pack(data, target, kernel)).isTrue();
    }
  }

  private static WinogradFilters filters(DType type, int in, int out, int outputs) {
    return new WinogradFilters(problem(type, in, out), WeightQuantization.NONE, BACKEND, outputs);
  }

  private static ConvProblem problem(DType type, int in, int out) {
    SpatialAxis axis = SpatialAxis.of(8, WinogradTransform.TAPS, 1);
    return new ConvProblem(
        new OperandTypes(type, type, type),
        Layout.NHWC,
        1,
        new Channels(in, out, 1),
        List.of(axis, axis),
        Epilogue.NONE);
  }

  private static void put(MemorySegment data, DType type, int index, float value) {
    if (type == DType.FLOAT) {
      data.setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
    } else {
      data.setAtIndex(ValueLayout.JAVA_SHORT, index, Float.floatToFloat16(value));
    }
  }
}
