package io.compresso.kernel.panel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartsTest {
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 8, 16})
  void choose_leavesNoThreadIdle_whenThereIsEnoughToShare(int threads) {
    for (long right : new long[] {1 << 10, 1 << 22, 1 << 28}) {
      Parts parts = Parts.choose(new Parts.Sizes(74, 32, 1 << 22, right, 1024), threads);
      int count = parts.rows() * parts.columns();
      assertThat(count).as("%s for %d", parts, threads).isGreaterThanOrEqualTo(2 * threads);
      assertThat(Math.ceilDiv(count, threads) * threads / (double) count)
          .as("%s for %d", parts, threads)
          .isLessThan(1.1);
    }
  }

  @Test
  void choose_cutsWhatIsCheaperToReadAgain() {
    assertThat(Parts.choose(new Parts.Sizes(100, 100, 1 << 24, 1 << 10, 1000), 2).columns())
        .isEqualTo(1);
    assertThat(Parts.choose(new Parts.Sizes(100, 100, 1 << 10, 1 << 24, 1000), 2).rows())
        .isEqualTo(1);
  }

  @Test
  void choose_makesOnePart_whenMoreAreNotWorthwhile() {
    assertThat(Parts.choose(new Parts.Sizes(100, 100, 10, 10, 1), 4)).isEqualTo(new Parts(1, 1));
  }

  @Test
  void shares_areEvenInEachStretch() {
    for (int size : new int[] {1, 2, 7, 56, 112, 1009}) {
      for (int parts = 1; parts <= Math.min(size, 40); parts++) {
        Shares shares = new Shares(size, parts);
        assertThat(shares.start(0)).isZero();
        assertThat(shares.start(parts)).isEqualTo(size);
        for (int length = 1; length <= parts; length++) {
          for (int from = 0; from + length <= parts; from++) {
            double even = (double) size * length / parts;
            assertThat((double) (shares.start(from + length) - shares.start(from)))
                .isBetween(Math.floor(even) - 1e-9, Math.ceil(even) + 1e-9);
          }
        }
      }
    }
  }

  @Test
  void shares_areRefused_whenThereAreMorePartsThanThings() {
    assertThatThrownBy(() -> new Shares(3, 4)).hasMessage("3 in 4 parts");
  }

  @Test
  void balanced_isAMultipleOfTheThreads_orOne() {
    assertThat(Shares.balanced(13, 4)).isEqualTo(12);
    assertThat(Shares.balanced(3, 2)).isEqualTo(2);
    assertThat(Shares.balanced(3, 4)).isEqualTo(3);
    assertThat(Shares.balanced(0, 2)).isEqualTo(1);
  }
}
