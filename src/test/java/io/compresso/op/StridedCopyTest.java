package io.compresso.op;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StridedCopyTest {
  @ParameterizedTest(name = "{0}")
  @EnumSource(
      value = DType.class,
      names = {"FLOAT", "DOUBLE", "FLOAT16", "INT64", "UINT8", "BOOL", "INT4", "UINT2", "STRING"})
  void box_equalsElementByElement_forPermutedStrides(DType dtype) {
    Random random = new Random(dtype.code());
    for (int trial = 0; trial < 40; trial++) {
      int rank = 1 + random.nextInt(4);
      long[] dims = new long[rank];
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < rank; i++) {
        dims[i] = 1 + random.nextInt(trial % 5 == 0 ? 40 : 5);
        order.add(i);
      }
      Collections.shuffle(order, random);
      Shape source = Shape.of(dims);
      Tensor from = filled(dtype, source, random);
      long[] permuted = new long[rank];
      long[] steps = new long[rank];
      for (int i = 0; i < rank; i++) {
        permuted[i] = dims[order.get(i)];
        steps[i] = source.strides()[order.get(i)];
      }
      Tensor to = Tensor.allocate(dtype, Shape.of(permuted));
      StridedCopy.box(from, 0, steps, to, 0, to.shape().strides(), permuted);
      for (long i = 0; i < to.size(); i++) {
        long rest = i;
        long at = 0;
        for (int axis = rank - 1; axis >= 0; axis--) {
          at += rest % permuted[axis] * steps[axis];
          rest /= permuted[axis];
        }
        assertThat(text(to, i)).as("%s -> %s", from, to).isEqualTo(text(from, at));
      }
    }
  }

  private static Tensor filled(DType dtype, Shape shape, Random random) {
    Tensor tensor = Tensor.allocate(dtype, shape);
    for (long i = 0; i < tensor.size(); i++) {
      if (dtype == DType.STRING) {
        tensor.setString(i, ("s" + random.nextInt(99)).getBytes(StandardCharsets.UTF_8));
      } else {
        tensor.setLong(i, random.nextInt(100));
      }
    }
    return tensor;
  }

  private static String text(Tensor tensor, long index) {
    return tensor.dtype() == DType.STRING
        ? new String(tensor.getString(index), StandardCharsets.UTF_8)
        : String.valueOf(tensor.getDouble(index));
  }
}
