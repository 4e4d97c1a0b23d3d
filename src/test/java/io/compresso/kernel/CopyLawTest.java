package io.compresso.kernel;

import static io.compresso.kernel.ElementLaws.oneOf;
import static io.compresso.kernel.ElementLaws.random;
import static io.compresso.kernel.ElementLaws.size;

import io.compresso.kernel.CopyProblem.Axis;
import io.compresso.kernel.ElementLaws.Bound;
import io.compresso.kernel.ElementLaws.Case;
import io.compresso.kernel.ElementLaws.Trial;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The laws of the families that move elements. */
class CopyLawTest {
  @TestFactory
  Stream<DynamicTest> copy_equalsTheReference() {
    return ElementLawTest.laws(KernelFamily.COPY, CopyLawTest::copy);
  }

  static Trial copy(Random random) {
    int bytes = oneOf(random, 1, 2, 4, 8);
    CopyProblem problem =
        switch (random.nextInt(4)) {
          case 0 -> strided(bytes, random);
          case 1 -> image(bytes, random);
          default -> transpose(bytes, random);
        };
    return new Trial(
        Case.of(problem, random(DType.UINT8, problem.inputBytes(), false, random), DType.UINT8),
        Bound.EXACT);
  }

  private static CopyProblem transpose(int bytes, Random random) {
    int rank = 2 + random.nextInt(3);
    long[] dims = new long[rank];
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      dims[i] = rank == 2 ? size(random) % 300 : 1 + size(random) % (i < 2 ? 5 : 70);
      order.add(i);
    }
    Collections.shuffle(order, random);
    return CopyProblem.transpose(
        bytes, Shape.of(dims), order.stream().mapToInt(Integer::intValue).toArray());
  }

  /** Planes of few channels to pixels, or back. */
  private static CopyProblem image(int bytes, Random random) {
    int images = 1 + random.nextInt(2);
    int channels = 1 + random.nextInt(5);
    int pixels = 1 + size(random);
    boolean toPixels = random.nextBoolean();
    Shape shape =
        toPixels ? Shape.of(images, channels, pixels) : Shape.of(images, pixels, channels);
    return CopyProblem.transpose(bytes, shape, 0, 2, 1);
  }

  /** Rows of which some lie apart in the input or the output, or are repeated. */
  private static CopyProblem strided(int bytes, Random random) {
    long length = size(random);
    long rows = random.nextInt(6);
    long outputRow = length + random.nextInt(3);
    return CopyProblem.of(
        bytes,
        List.of(
            new Axis(random.nextInt(4), random.nextInt(2000), rows * outputRow),
            new Axis(rows, random.nextInt(3) * length, outputRow),
            new Axis(length, 1, 1)));
  }

  @TestFactory
  Stream<DynamicTest> gather_equalsTheReference() {
    return ElementLawTest.laws(KernelFamily.GATHER, CopyLawTest::gather);
  }

  static Trial gather(Random random) {
    DType indexType = oneOf(random, DType.INT32, DType.INT64);
    int size = 1 + size(random);
    GatherProblem problem =
        new GatherProblem(
            random.nextInt(4),
            size,
            oneOf(random, 0, 1, 3, 4, 8, 64, 100),
            size(random),
            indexType);
    Tensor indices = Tensor.allocate(indexType, Shape.of(problem.count()));
    for (int i = 0; i < problem.count(); i++) {
      indices.setLong(i, random.nextInt(2 * size) - size);
    }
    return new Trial(
        Case.of(problem, random(DType.UINT8, problem.inputBytes(), false, random), DType.UINT8)
            .withSecond(indices),
        Bound.EXACT);
  }
}
