package io.compresso.kernel.jit.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ExactReciprocalTest {
  @Test
  void reciprocal_roundsAsTheDivisionDoes_nearEveryHalf() {
    Random random = new Random(7);
    int present = 0;
    for (int i = 0; i < 200; i++) {
      float scale = (float) Math.exp(random.nextGaussian() * 4);
      var found = ExactReciprocal.of(scale, -128, 127);
      if (found.isEmpty()) {
        continue;
      }
      present++;
      ExactReciprocal reciprocal = found.get();
      for (int j = 0; j < 2000; j++) {
        float half = (random.nextInt(256) - 127.5f) * scale;
        float x = half + (random.nextInt(33) - 16) * Math.ulp(half);
        float product = Math.fma(x, reciprocal.high(), x * reciprocal.low());
        assertThat(Math.rint(product)).isEqualTo(Math.rint(x / scale));
      }
    }
    assertThat(present).isGreaterThan(150);
  }

  @Test
  void reciprocal_isAbsent_whenItMightOverflow() {
    assertThat(ExactReciprocal.of(Float.MIN_NORMAL, 0, 255)).isEmpty();
    assertThat(ExactReciprocal.of(0, 0, 255)).isEmpty();
    assertThat(ExactReciprocal.of(Float.NaN, 0, 255)).isEmpty();
    assertThat(ExactReciprocal.of(Float.MAX_VALUE, 0, 255)).isEmpty();
  }
}
