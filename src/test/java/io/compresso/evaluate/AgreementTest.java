package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AgreementTest {
  private static final Tensor ONES = Tensor.ofFloats(Shape.of(4), 1, 1, 1, 1);

  /** An error of a tenth in each element: 20 dB. */
  private static final Tensor NEAR = Tensor.ofFloats(Shape.of(4), 1.1f, 0.9f, 1.1f, 0.9f);

  @Test
  void agreement_isOnlyNoisy_whenNothingButARatioIsTooLow() {
    Agreement agreement = Agreement.of("int8", Map.of("y", ONES), Map.of("y", NEAR));
    assertThat(agreement.decibels()).isBetween(19.9, 20.1);
    assertThat(agreement.difference()).isEqualTo("output 'y' is only within 20.0 dB");
    assertThat(agreement.isOnlyNoisy()).isTrue();
  }

  @Test
  void agreement_isNotOnlyNoisy_whenAnOutputIsMissing() {
    Agreement agreement = Agreement.of("int8", Map.of("y", ONES, "z", ONES), Map.of("y", NEAR));
    assertThat(agreement.difference()).isNotNull();
    assertThat(agreement.isOnlyNoisy()).isFalse();
  }

  @Test
  void agreement_isNeither_whenOutputsAreEqual() {
    Agreement agreement = Agreement.of("f32", Map.of("y", ONES), Map.of("y", ONES));
    assertThat(agreement.decibels()).isNull();
    assertThat(agreement.difference()).isNull();
    assertThat(agreement.isOnlyNoisy()).isFalse();
  }

  @Test
  void decibels_areRefused_whenShapesDiffer() {
    Tensor other = Tensor.ofFloats(Shape.of(2), 1, 1);
    assertThatThrownBy(() -> Agreement.decibels(Map.of("y", ONES), Map.of("y", other)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("output 'y'");
  }

  @Test
  void noise_explainsARatio_whenThePeerDiffersFromItselfAsMuch() {
    Agreement agreement = Agreement.of("int8", Map.of("y", ONES), Map.of("y", NEAR));
    assertThat(new QuantizationNoise(20.5, 15.0, 15.5).explains(agreement)).isTrue();
    assertThat(new QuantizationNoise(21.5, 15.0, 15.5).explains(agreement)).isFalse();
    assertThat(new QuantizationNoise(null, 15.0, 15.5).explains(agreement)).isFalse();
  }

  @Test
  void noise_doesNotExplainARatio_whenThePeerIsNearerToTheOriginal() {
    Agreement agreement = Agreement.of("int8", Map.of("y", ONES), Map.of("y", NEAR));
    assertThat(new QuantizationNoise(20.0, 15.0, 17.0).explains(agreement)).isFalse();
    assertThat(new QuantizationNoise(20.0, 18.0, 15.0).explains(agreement)).isTrue();
  }
}
