package io.compresso.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BroadcastReaderTest {
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void read_equalsIndexArithmetic_forAnyBroadcast(long seed) {
    Random random = new Random(seed);
    for (int trial = 0; trial < 50; trial++) {
      long[] full = new long[random.nextInt(5)];
      for (int i = 0; i < full.length; i++) {
        full[i] = 1 + random.nextInt(6);
      }
      int rank = random.nextInt(full.length + 1);
      long[] own = new long[rank];
      for (int i = 0; i < rank; i++) {
        own[i] = random.nextBoolean() ? 1 : full[full.length - rank + i];
      }
      check(random, Shape.of(full), Shape.of(own));
    }
  }

  private static void check(Random random, Shape full, Shape own) {
    Tensor tensor = Tensor.allocate(DType.FLOAT, own);
    for (long i = 0; i < tensor.size(); i++) {
      tensor.setFloat(i, i + 1);
    }
    BroadcastReader floats = new BroadcastReader(tensor, full);
    BroadcastReader doubles = new BroadcastReader(tensor, full);
    BroadcastReader indices = new BroadcastReader(tensor, full);
    int block = 1 + random.nextInt(9);
    float[] f = new float[block];
    double[] d = new double[block];
    long[] l = new long[block];
    for (long at = 0; at < full.size(); at += block) {
      int n = (int) Math.min(block, full.size() - at);
      floats.read(f, n);
      doubles.read(d, n);
      indices.indices(l, n);
      for (int i = 0; i < n; i++) {
        long expected = source(at + i, full, own);
        assertThat(l[i]).as("%s of %s at %d", own, full, at + i).isEqualTo(expected);
        assertThat(f[i]).isEqualTo(expected + 1);
        assertThat(d[i]).isEqualTo(expected + 1);
      }
    }
  }

  private static long source(long index, Shape full, Shape own) {
    long rest = index;
    long result = 0;
    long stride = 1;
    for (int i = full.rank() - 1; i >= 0; i--) {
      long position = rest % full.dim(i);
      rest /= full.dim(i);
      int axis = i - full.rank() + own.rank();
      if (axis >= 0) {
        result += own.dim(axis) == 1 ? 0 : position * stride;
        stride *= own.dim(axis);
      }
    }
    return result;
  }

  @Test
  void reader_refuses_whatDoesNotExpand() {
    Tensor tensor = Tensor.allocate(DType.FLOAT, Shape.of(3));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new BroadcastReader(tensor, Shape.of(2, 4)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new BroadcastReader(tensor, Shape.SCALAR));
  }
}
