package io.compresso.web.page;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FormatsTest {
  private static final Formats FORMATS = Formats.INSTANCE;

  @Test
  void number_hasThreeDigitsAndNoZerosAtItsEnd() {
    assertThat(FORMATS.number(0)).isEqualTo("0");
    assertThat(FORMATS.number(1234.5)).isEqualTo("1235");
    assertThat(FORMATS.number(42.04)).isEqualTo("42");
    assertThat(FORMATS.number(0.50)).isEqualTo("0.5");
    assertThat(FORMATS.number(-1e-9)).isEqualTo("0");
  }

  @Test
  void bytes_areGivenInTheLargestUnit() {
    assertThat(FORMATS.bytes(999)).isEqualTo("999 bytes");
    assertThat(FORMATS.bytes(26_454)).isEqualTo("26.5 kB");
    assertThat(FORMATS.bytes(3_000_000_000L)).isEqualTo("3 GB");
  }

  @Test
  void loss_hasASign() {
    assertThat(FORMATS.signed(0.0015)).isEqualTo("+0.0015");
    assertThat(FORMATS.signed(-0.0005)).isEqualTo("-0.0005");
    assertThat(FORMATS.signed(-0.0)).isEqualTo("0");
  }

  @Test
  void place_isInTheMiddleForOne() {
    assertThat(FORMATS.place(1)).isEqualTo(100);
    assertThat(FORMATS.place(4)).isEqualTo(200);
    assertThat(FORMATS.place(0.0001)).isEqualTo(0);
  }
}
