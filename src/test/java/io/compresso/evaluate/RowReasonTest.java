package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.evaluate.bench.Roof.Limit;
import io.compresso.evaluate.bench.Roof.Resource;
import io.compresso.tensor.DType;
import org.junit.jupiter.api.Test;

class RowReasonTest {
  private static final Ratio SURE = new Ratio(1, 0.95, 1.05);

  @Test
  void reason_isThePeak_whenItIsNear() {
    assertThat(RowReason.of(100, 110, SURE, new Limit(90e-6, Resource.READING), DType.FLOAT))
        .isEqualTo("90 % of the peak of reads of memory, peer 82 %");
  }

  @Test
  void reason_isWhatSurroundsTheWork_whenCallsAreShort() {
    assertThat(RowReason.of(4, 2, SURE, new Limit(1e-6, Resource.ARITHMETIC), DType.FLOAT))
        .isEqualTo(
            "a call of 4.0 us, of which multiply-adds need 1.0: what surrounds them counts;"
                + " peer 2.0 us");
  }

  @Test
  void reason_isWhatThePeerReaches_whenItIsFaster() {
    assertThat(RowReason.of(100, 80, SURE, new Limit(60e-6, Resource.COPYING), DType.FLOAT))
        .isEqualTo("60 % of the peak of copies of memory, of which the peer reaches 75 %");
    assertThat(RowReason.of(100, 120, SURE, new Limit(60e-6, Resource.COPYING), DType.FLOAT))
        .isEqualTo("60 % of the peak of copies of memory, peer 50 %");
  }

  @Test
  void reason_saysThatRatiosScatter_andThatThereIsNoPeak() {
    assertThat(RowReason.of(100, 80, new Ratio(1, 0.5, 1), null, DType.FLOAT))
        .isEqualTo("the peak is not measured on this machine; the ratios scatter");
  }
}
