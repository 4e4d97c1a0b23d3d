package io.compresso.kernel;

import io.compresso.kernel.KernelLaws.Content;
import io.compresso.kernel.jit.x86.AmxKernels;
import io.compresso.tensor.DType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class GemmLawTest {
  private static final int[] M = {0, 1, 2, 5, 6, 7, 13, 14, 15, 17, 29, 61};
  private static final int[] N = {0, 1, 7, 15, 16, 17, 31, 32, 33, 64, 65, 101};
  private static final int[] K = {0, 1, 2, 3, 4, 5, 31, 64, 67, 257, 300, 521};

  @TestFactory
  Stream<DynamicTest> gemm_equalsTheReference() {
    return laws(KernelLaws.kernels(KernelFamily.GEMM).stream());
  }

  @TestFactory
  Stream<DynamicTest> gemm_equalsTheReference_inEmulatedTiles() {
    AmxKernels.assumeEmulation();
    return laws(AmxKernels.products().stream());
  }

  private static Stream<DynamicTest> laws(Stream<Kernel> kernels) {
    return kernels.map(kernel ->
        DynamicTest.dynamicTest(
            kernel.spec().id(),
            () -> {
              KernelLaws laws = new KernelLaws(kernel);
              problems()
                  .forEach(problem -> {
                    long seed = laws.cases();
                    laws.check(problem, seed % 4 == 0 ? Content.EXTREME : Content.ORDINARY, seed);
                  });
              laws.finish();
            }));
  }

  static List<GemmProblem> problems() {
    Random random = new Random(1);
    List<GemmProblem> problems = new ArrayList<>();
    for (int m : M) {
      for (int n : N) {
        for (int k : K) {
          GemmProblem problem =
              GemmProblem.ofFloat(m, n, k)
                  .withTranspose(random.nextInt(3) == 0, random.nextInt(3) == 0);
          if (random.nextInt(3) == 0) {
            problems.add(problem.withEpilogue(floatEpilogue(random)));
          }
          if (random.nextInt(2) == 0) {
            problems.add(int8(problem, random));
          }
          if (random.nextInt(4) == 0) {
            GemmProblem halves = problem.withTypes(halfTypes(random));
            problems.add(
                halves.withEpilogue(
                    random.nextBoolean()
                        ? floatEpilogue(random)
                        : fusedEpilogue(halves.types(), random)));
          }
          if (random.nextInt(3) == 0) {
            GemmProblem typed =
                random.nextBoolean() ? problem : problem.withTypes(int8Types(random));
            problems.add(typed.withEpilogue(fusedEpilogue(typed.types(), random)));
          }
        }
      }
    }
    OperandTypes quantized = new OperandTypes(DType.FLOAT, DType.INT8, DType.FLOAT);
    for (int m : M) {
      for (int n : N) {
        GemmProblem problem = GemmProblem.ofFloat(m, n, K[random.nextInt(K.length)]);
        problems.add(
            problem
                .withTypes(quantized)
                .withTranspose(false, random.nextBoolean())
                .withEpilogue(fusedEpilogue(quantized, random)));
        for (boolean transposed : new boolean[] {false, true}) {
          problems.add(
              problem
                  .withTypes(quantized)
                  .withTranspose(false, transposed)
                  .withEpilogue(floatEpilogue(random)));
        }
      }
    }
    OperandTypes half = OperandTypes.all(DType.FLOAT16);
    for (int m : M) {
      for (int n : N) {
        GemmProblem problem = GemmProblem.ofFloat(m, n, 64 + random.nextInt(200)).withTypes(half);
        problems.add(
            problem
                .withTranspose(false, random.nextBoolean())
                .withEpilogue(fusedEpilogue(half, random)));
      }
    }
    for (int i = 0; i < 2 * M.length * N.length; i++) {
      problems.add(bfloats(M[i % M.length], N[i / 2 / M.length], random));
    }
    for (int[] size :
        new int[][] {
          {150, 33, 1100},
          {3, 65, 2100},
          {16, 20, 4096},
          {1, 300, 3000},
          {97, 131, 70},
          {128, 64, 192},
          {256, 40, 312},
          {64, 8, 1023}
        }) {
      GemmProblem problem = GemmProblem.ofFloat(size[0], size[1], size[2]);
      problems.add(problem.withEpilogue(fusedEpilogue(problem.types(), random)));
      problems.add(problem.withTypes(halfTypes(random)));
      problems.add(int8(problem, random));
    }
    for (int m : new int[] {1, 13}) {
      for (int[] size : new int[][] {{1037, 520}, {101, 5300}}) {
        GemmProblem large = GemmProblem.ofFloat(m, size[0], size[1]);
        problems.add(large.withEpilogue(fusedEpilogue(large.types(), random)));
        problems.add(large.withTypes(halfTypes(random)));
        problems.add(int8(large, random));
      }
    }
    Collections.shuffle(problems, random);
    return problems;
  }

  static Epilogue floatEpilogue(Random random) {
    Epilogue epilogue = Epilogue.NONE.withBias(random.nextBoolean());
    return switch (random.nextInt(4)) {
      case 0 -> epilogue.withRelu();
      case 1 -> epilogue.withClip(-0.5f, 0.25f);
      default -> epilogue;
    };
  }

  private static GemmProblem int8(GemmProblem problem, Random random) {
    OperandTypes types = int8Types(random);
    Epilogue epilogue = int8Epilogue(types, random);
    boolean beyond = types.output() != DType.INT32 && random.nextInt(8) == 0;
    return problem
        .withTypes(types)
        .withEpilogue(beyond ? epilogue.withClip(300, Float.MAX_VALUE) : epilogue);
  }

  /** Numbers of bfloat16 in pairs, as some instructions take them. */
  private static GemmProblem bfloats(int m, int n, Random random) {
    DType output = random.nextBoolean() ? DType.BFLOAT16 : DType.FLOAT;
    return GemmProblem.ofFloat(m, n, 2 * random.nextInt(50))
        .withTypes(new OperandTypes(DType.BFLOAT16, DType.BFLOAT16, output))
        .withTranspose(random.nextInt(3) == 0, random.nextInt(3) == 0)
        .withEpilogue(floatEpilogue(random));
  }

  /** Floats of 16 bits, multiplied to floats of 16 or of 32 bits. */
  static OperandTypes halfTypes(Random random) {
    DType[] halves = {DType.FLOAT16, DType.BFLOAT16, DType.BFLOAT16};
    DType half = halves[random.nextInt(3)];
    return new OperandTypes(half, half, random.nextBoolean() ? half : DType.FLOAT);
  }

  static OperandTypes int8Types(Random random) {
    DType[] inputs = {DType.UINT8, DType.INT8};
    DType[] outputs = {DType.INT32, DType.FLOAT, DType.UINT8, DType.INT8};
    return new OperandTypes(
        inputs[random.nextInt(2)], inputs[random.nextInt(2)], outputs[random.nextInt(4)]);
  }

  static Epilogue int8Epilogue(OperandTypes types, Random random) {
    Epilogue epilogue = Epilogue.NONE.withBias(random.nextBoolean());
    boolean clips = types.output() != DType.INT32 && random.nextBoolean();
    return clips ? epilogue.withClip(-10, 77) : epilogue;
  }

  /** An epilogue with an activation or a residual, where the types allow one. */
  static Epilogue fusedEpilogue(OperandTypes types, Random random) {
    if (!types.output().isFloat()) {
      Epilogue epilogue = int8Epilogue(types, random);
      return types.output() == DType.INT32
          ? epilogue
          : epilogue.withResidual(
              random.nextBoolean()
                  ? Epilogue.Residual.ADDED
                  : Epilogue.Residual.ADDED_TO_QUANTIZED);
    }
    Activation[] activations = Activation.values();
    return floatEpilogue(random)
        .withActivation(activations[random.nextInt(activations.length)])
        .withResidual(random.nextBoolean() ? Epilogue.Residual.ADDED : Epilogue.Residual.NONE);
  }
}
