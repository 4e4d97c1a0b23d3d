package io.compresso.kernel;

import io.compresso.kernel.ConvProblem.Channels;
import io.compresso.kernel.ConvProblem.Layout;
import io.compresso.kernel.KernelLaws.Content;
import io.compresso.kernel.jit.x86.AmxKernels;
import io.compresso.kernel.jit.x86.WinogradKernels;
import io.compresso.kernel.jit.x86.X86NhwcConv;
import io.compresso.kernel.jit.x86.X86WinogradConv;
import io.compresso.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class ConvLawTest {
  private static final int CASES = 2000;
  private static final int TILED_CASES = 300;
  private static final int DEPTHWISE_CASES = 150;
  private static final int WIDE_CASES = 24;
  private static final int[] SIZES = {0, 1, 2, 3, 5, 7, 8, 13, 16, 17, 28, 31, 33, 35};
  private static final int[] CHANNELS = {1, 2, 3, 4, 5, 8, 15, 16, 17, 33, 64, 100};
  private static final long MOST_MACS = 1 << 21;
  private static final long MOST_MACS_OF_BYTES = 1 << 23;
  private static final long MOST_BYTES = 1 << 22;

  /** Input channels that tiles of bytes take on all instruction sets. */
  private static final int WHOLE_VECTOR = 16;

  @TestFactory
  Stream<DynamicTest> conv_equalsTheReference() {
    return laws(KernelLaws.kernels(KernelFamily.CONV).stream());
  }

  @TestFactory
  Stream<DynamicTest> conv_equalsTheReference_inEmulatedTiles() {
    AmxKernels.assumeEmulation();
    return laws(AmxKernels.convolutions().stream());
  }

  @TestFactory
  Stream<DynamicTest> conv_equalsTheReference_inTilesOfAnySize() {
    return WinogradKernels.all().stream()
        .filter(kernel -> CpuFeatures.host().supports(kernel.spec().isa()).accepted())
        .map(kernel ->
            DynamicTest.dynamicTest(
                kernel.spec().id(),
                () -> {
                  KernelLaws laws = new KernelLaws(kernel);
                  Random random = new Random(3);
                  IntStream.range(0, TILED_CASES)
                      .forEach(seed ->
                          laws.check(
                              tiledProblem(random, MOST_MACS / 8, isOfBytes(kernel)),
                              seed % 4 == 0 ? Content.EXTREME : Content.ORDINARY,
                              seed));
                  laws.finish();
                }));
  }

  private static Stream<DynamicTest> laws(Stream<Kernel> kernels) {
    return kernels.map(kernel ->
        DynamicTest.dynamicTest(
            kernel.spec().id(),
            () -> {
              KernelLaws laws = new KernelLaws(kernel);
              if (kernel.spec().isa() == Isa.AMX) {
                Random ofBytes = new Random(4);
                IntStream.range(CASES, CASES + TILED_CASES)
                    .forEach(seed -> laws.check(problemOfBytes(ofBytes), Content.ORDINARY, seed));
              }
              Random random = new Random(2);
              IntStream.range(0, CASES + tiledCases(kernel))
                  .forEach(seed ->
                      laws.check(
                          seed < CASES ? problem(random) : tiledProblem(random, isOfBytes(kernel)),
                          seed % 4 == 0 ? Content.EXTREME : Content.ORDINARY,
                          seed));
              if (kernel instanceof X86NhwcConv) {
                Random ofDepthwise = new Random(5);
                IntStream.range(CASES, CASES + DEPTHWISE_CASES)
                    .forEach(
                        seed -> laws.check(depthwiseOfBytes(ofDepthwise), Content.ORDINARY, seed));
              }
              Random ofWideRows = new Random(6);
              IntStream.range(0, WIDE_CASES)
                  .forEach(seed -> laws.check(wideRows(ofWideRows), Content.ORDINARY, seed));
              if (kernel.spec().inputTypes().contains(DType.FLOAT16)) {
                Random ofHalves = new Random(7);
                IntStream.range(0, WIDE_CASES)
                    .forEach(seed ->
                        laws.check(
                            manyHalves(ofHalves),
                            seed % 4 == 0 ? Content.EXTREME : Content.ORDINARY,
                            seed));
              }
              laws.finish();
            }));
  }

  private static long greatestOperand(ConvProblem problem) {
    return Math.max(problem.weightBytes(), Math.max(problem.inputBytes(), problem.outputBytes()));
  }

  /** A problem of any kind, of some that can be computed in tiles too. */
  static ConvProblem mixed(Random random) {
    return random.nextInt(5) == 0 ? tiledProblem(random, random.nextBoolean()) : problem(random);
  }

  private static ConvProblem problem(Random random) {
    ConvProblem problem = anyProblem(random);
    while (problem.macs() > MOST_MACS || greatestOperand(problem) > MOST_BYTES) {
      problem = anyProblem(random);
    }
    return problem;
  }

  /** A problem that can be computed in tiles, with enough channels for it to be of use. */
  private static ConvProblem tiledProblem(Random random, long mostMacs, boolean bytes) {
    ConvProblem problem = anyTiledProblem(random, mostMacs, bytes);
    while (problem.macs() > mostMacs) {
      problem = anyTiledProblem(random, mostMacs, bytes);
    }
    return problem;
  }

  /** As the other method, large enough for tiles to be of use. */
  private static ConvProblem tiledProblem(Random random, boolean bytes) {
    return tiledProblem(random, bytes ? MOST_MACS_OF_BYTES : MOST_MACS, bytes);
  }

  private static int tiledCases(Kernel kernel) {
    return !(kernel instanceof X86WinogradConv)
        ? 0
        : isOfBytes(kernel) ? 2 * TILED_CASES : TILED_CASES;
  }

  private static boolean isOfBytes(Kernel kernel) {
    return kernel.spec().inputTypes().contains(DType.UINT8);
  }

  private static ConvProblem anyTiledProblem(Random random, long mostMacs, boolean bytes) {
    boolean large = mostMacs >= MOST_MACS;
    OperandTypes types =
        bytes
            ? GemmLawTest.int8Types(random)
            : random.nextInt(6) == 0 ? halfTypes(random) : OperandTypes.FLOAT;
    int least = large ? 24 : 1;
    int groups = random.nextInt(3) == 0 ? 1 + random.nextInt(4) : 1;
    int in = least + random.nextInt(60);
    int wholeVectors = Math.ceilDiv(in, WHOLE_VECTOR) * WHOLE_VECTOR;
    return new ConvProblem(
        types,
        Layout.NHWC,
        1 + random.nextInt(8) / 7,
        new Channels(
            groups * (bytes && random.nextInt(8) > 0 ? wholeVectors : in),
            groups * (least + random.nextInt(60)),
            groups),
        List.of(tiledAxis(random, large), tiledAxis(random, large)),
        random.nextBoolean()
            ? GemmLawTest.fusedEpilogue(types, random)
            : bytes ? GemmLawTest.int8Epilogue(types, random) : GemmLawTest.floatEpilogue(random));
  }

  /** A problem of bytes with several tiles and panels. */
  private static ConvProblem problemOfBytes(Random random) {
    ConvProblem problem = anyProblemOfBytes(random);
    while (problem.macs() > MOST_MACS) {
      problem = anyProblemOfBytes(random);
    }
    return problem;
  }

  private static ConvProblem anyProblemOfBytes(Random random) {
    OperandTypes types = GemmLawTest.int8Types(random);
    int kernel = 1 + 2 * random.nextInt(2);
    List<SpatialAxis> axes = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      axes.add(
          new SpatialAxis(
              1 + random.nextInt(50),
              kernel,
              1 + random.nextInt(2),
              1,
              random.nextInt(3),
              random.nextInt(3)));
    }
    return new ConvProblem(
        types,
        Layout.NHWC,
        1 + random.nextInt(2),
        new Channels(1 + random.nextInt(90), 17 + random.nextInt(100), 1),
        axes,
        GemmLawTest.fusedEpilogue(types, random));
  }

  /** A problem with filters of their own for channels that fill vectors, halves or parts. */
  private static ConvProblem depthwiseOfBytes(Random random) {
    int channels = random.nextBoolean() ? 16 * (1 + random.nextInt(7)) : 1 + random.nextInt(100);
    List<SpatialAxis> axes = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      int kernel = random.nextInt(4) == 0 ? 5 : 3;
      axes.add(
          new SpatialAxis(
              kernel + random.nextInt(12),
              kernel,
              1 + random.nextInt(2),
              1,
              random.nextInt(3),
              random.nextInt(3)));
    }
    OperandTypes types =
        new OperandTypes(
            random.nextBoolean() ? DType.UINT8 : DType.INT8,
            DType.INT8,
            random.nextBoolean() ? DType.UINT8 : DType.INT8);
    return new ConvProblem(
        types,
        Layout.NHWC,
        1 + random.nextInt(2),
        new Channels(channels, channels, channels),
        axes,
        Epilogue.BIAS);
  }

  /** A problem whose padded or converted rows take a multiple of 4096 bytes. */
  private static ConvProblem wideRows(Random random) {
    OperandTypes types =
        random.nextInt(3) == 0
            ? GemmLawTest.int8Types(random)
            : random.nextBoolean() ? OperandTypes.all(DType.FLOAT16) : OperandTypes.FLOAT;
    boolean pointwise = random.nextBoolean();
    int elements = 4096 * (1 + random.nextInt(2)) / (types.isInt8() ? 1 : 4);
    SpatialAxis width =
        pointwise ? SpatialAxis.of(1 + random.nextInt(3), 1, 0) : SpatialAxis.of(14, 3, 1);
    SpatialAxis height =
        pointwise
            ? SpatialAxis.of(1 + random.nextInt(20), 1, 0)
            : new SpatialAxis(1 + random.nextInt(6), 3, 1 + random.nextInt(2), 1, 1, 1);
    return new ConvProblem(
        types,
        Layout.NHWC,
        1 + random.nextInt(2),
        new Channels(pointwise ? elements : elements / 16, 1 + random.nextInt(40), 1),
        List.of(height, width),
        Epilogue.BIAS);
  }

  /** A problem with so many filters of half precision that they are not widened when prepared. */
  private static ConvProblem manyHalves(Random random) {
    boolean pointwise = random.nextBoolean();
    OperandTypes types =
        random.nextBoolean()
            ? OperandTypes.all(DType.FLOAT16)
            : new OperandTypes(DType.FLOAT, DType.FLOAT16, DType.FLOAT);
    int groups = 1 + random.nextInt(2);
    int least = pointwise ? 184 : 62;
    SpatialAxis axis =
        pointwise
            ? SpatialAxis.of(1 + random.nextInt(5), 1, 0)
            : new SpatialAxis(2 + random.nextInt(4), 3, 1 + random.nextInt(2), 1, 1, 1);
    return new ConvProblem(
        types,
        Layout.NHWC,
        1,
        new Channels(
            groups * (least + random.nextInt(20)), groups * (least + random.nextInt(20)), groups),
        List.of(axis, axis),
        random.nextBoolean()
            ? GemmLawTest.fusedEpilogue(types, random)
            : GemmLawTest.floatEpilogue(random));
  }

  private static SpatialAxis tiledAxis(Random random, boolean large) {
    int size = large ? 10 + random.nextInt(30) : 1 + random.nextInt(20);
    return new SpatialAxis(size, 3, 1, 1, random.nextInt(3), random.nextInt(3));
  }

  private static ConvProblem anyProblem(Random random) {
    boolean int8 = random.nextBoolean();
    OperandTypes types =
        int8
            ? GemmLawTest.int8Types(random)
            : random.nextInt(4) == 0 ? halfTypes(random) : OperandTypes.FLOAT;
    Epilogue epilogue =
        random.nextInt(4) == 0
            ? GemmLawTest.fusedEpilogue(types, random)
            : int8 ? GemmLawTest.int8Epilogue(types, random) : GemmLawTest.floatEpilogue(random);
    int rank = random.nextInt(8) == 0 ? 3 : random.nextInt(5) == 0 ? 1 : 2;
    List<SpatialAxis> axes = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      axes.add(axis(random, rank));
    }
    return new ConvProblem(
        types,
        random.nextBoolean() ? Layout.NHWC : Layout.NCHW,
        random.nextInt(10) == 0 ? random.nextInt(3) : 1,
        channels(random),
        axes,
        epilogue);
  }

  private static OperandTypes halfTypes(Random random) {
    if (random.nextInt(3) == 0) {
      return GemmLawTest.halfTypes(random);
    }
    DType[] types = {DType.FLOAT16, DType.FLOAT16, DType.FLOAT};
    return new OperandTypes(
        types[random.nextInt(3)], types[random.nextInt(3)], types[random.nextInt(3)]);
  }

  private static SpatialAxis axis(Random random, int rank) {
    int size = SIZES[random.nextInt(rank == 3 ? 6 : SIZES.length)];
    int kernel = new int[] {1, 1, 3, 3, 3, 2, 5, 7}[random.nextInt(8)];
    boolean plain = random.nextBoolean();
    int stride = plain ? 1 : 1 + random.nextInt(3);
    int dilation = plain ? 1 : 1 + random.nextInt(3);
    int pad = random.nextInt(3) == 0 ? 0 : kernel / 2;
    return new SpatialAxis(
        size, kernel, stride, dilation, pad, random.nextInt(4) == 0 ? random.nextInt(4) : pad);
  }

  private static Channels channels(Random random) {
    int first = CHANNELS[random.nextInt(CHANNELS.length)];
    int second = CHANNELS[random.nextInt(CHANNELS.length)];
    return switch (random.nextInt(4)) {
      case 0 -> new Channels(first, first, first);
      case 1 -> new Channels(first, first * 2, first);
      case 2 -> {
        int groups = 2 + random.nextInt(4);
        yield new Channels(groups * first, groups * second, groups);
      }
      default -> new Channels(first, second, 1);
    };
  }
}
