package io.compresso.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.tensor.Shape;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampleDigitsTest {
  @TempDir Path folder;

  @Test
  void drawings_areTheSame_forTheSameSeed() {
    assertThat(new SampleDigits(20, 4).pixels(13)).isEqualTo(new SampleDigits(99, 4).pixels(13));
    assertThat(new SampleDigits(20, 4).pixels(13)).isNotEqualTo(new SampleDigits(20, 5).pixels(13));
  }

  @Test
  void archive_isReadAsImagesWithLabels_withoutADeclaration() throws Exception {
    Path file = folder.resolve("digits.zip");
    SampleDigits digits = new SampleDigits(25, 6);
    digits.writeArchive(file);

    try (Dataset dataset = Datasets.open(file, DatasetSpec.AUTO)) {
      assertThat(dataset.size()).isEqualTo(25);
      Sample sample = dataset.get(13);
      assertThat(sample.label()).isEqualTo(new Label.ClassIndex(3));
      var image = sample.fields().values().iterator().next();
      assertThat(image.shape()).isEqualTo(Shape.of(1, 28, 28));
      byte[] pixels = digits.pixels(13);
      for (int i = 0; i < pixels.length; i++) {
        assertThat(image.getFloat(i)).isEqualTo((float) ((pixels[i] & 0xFF) / 255.0));
      }
    }
  }
}
