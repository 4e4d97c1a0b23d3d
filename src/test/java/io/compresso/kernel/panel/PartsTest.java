package io.compresso.kernel.panel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartsTest {
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 8, 16})
  void choose_leavesNoThreadIdle_whenThereIsMuchToCompute(int threads) {
    for (int rows : new int[] {19, 37, 64, 74, 101}) {
      for (int columns : new int[] {8, 17, 32, 64}) {
        Parts parts =
            Parts.choose(
                new Parts.Sizes(rows, columns, rows << 14, columns << 14, 1L << 40, 0, 1024),
                threads);
        long rowsOfPart = Math.ceilDiv(rows, parts.rows());
        long columnsOfPart = Math.ceilDiv(columns, parts.columns());
        long count = Math.ceilDiv(rows, rowsOfPart) * Math.ceilDiv(columns, columnsOfPart);
        double last = Math.ceilDiv(count, threads) * rowsOfPart * columnsOfPart;
        assertThat(last * threads / (rows * columns))
            .as("%s of %d x %d for %d", parts, rows, columns, threads)
            .isLessThan(1.25);
      }
    }
  }

  @Test
  void choose_cutsWhatIsCheaperToReadAgain_whenReadingIsAllThereIs() {
    assertThat(Parts.choose(new Parts.Sizes(96, 96, 1 << 24, 1 << 10, 0, 0, 1000), 2).columns())
        .isEqualTo(1);
    assertThat(Parts.choose(new Parts.Sizes(96, 96, 1 << 10, 1 << 24, 0, 0, 1000), 2).rows())
        .isEqualTo(1);
  }

  @Test
  void choose_cutsTheColumns_whenTheRowsCannotBeHalved() {
    Parts parts = Parts.choose(new Parts.Sizes(19, 8, 1 << 16, 1 << 16, 1 << 22, 0, 16), 2);
    assertThat(parts.rows()).isEqualTo(1);
    assertThat(parts.columns() % 2).isZero();
  }

  @Test
  void choose_cutsTheRows_whenPartsOfTheColumnsWaitForACopy() {
    Parts.Sizes sizes = new Parts.Sizes(64, 64, 1 << 22, 1 << 21, 1 << 22, 0, 100);
    assertThat(Parts.choose(sizes, 2).columns()).isGreaterThan(1);
    Parts.Sizes copied = new Parts.Sizes(64, 64, 1 << 22, 1 << 21, 1 << 22, 1 << 23, 100);
    assertThat(Parts.choose(copied, 2).columns()).isEqualTo(1);
  }

  @Test
  void choose_makesOnePart_whenMoreAreNotWorthwhile() {
    assertThat(Parts.choose(new Parts.Sizes(100, 100, 10, 10, 1 << 20, 0, 1), 4))
        .isEqualTo(new Parts(1, 1));
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
