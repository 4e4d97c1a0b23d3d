package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.data.SampleDigits;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Model;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SampleModelTest {
  @Test
  void model_readsDrawingsThatItHasNotSeen() {
    Model model = SampleModel.train(new SampleDigits(1_000, 1), 1);
    SampleDigits unseen = new SampleDigits(200, 2);
    float[] pixels = new float[200 * 28 * 28];
    for (int i = 0; i < 200; i++) {
      byte[] image = unseen.pixels(i);
      for (int j = 0; j < image.length; j++) {
        pixels[i * image.length + j] = (image[j] & 0xFF) / 255f;
      }
    }

    float[] scores;
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      Tensor batch = Tensor.ofFloats(Shape.of(200, 1, 28, 28), pixels);
      scores = ((Tensor) session.run(Map.of("image", batch)).get("scores")).toFloats();
    }

    int right = 0;
    for (int i = 0; i < 200; i++) {
      int best = 0;
      for (int c = 1; c < 10; c++) {
        best = scores[i * 10 + c] > scores[i * 10 + best] ? c : best;
      }
      right += best == unseen.label(i) ? 1 : 0;
    }
    assertThat(right).isGreaterThan(180);
  }

  @Test
  void training_isDeterministic() {
    SampleDigits digits = new SampleDigits(100, 3);

    assertThat(OnnxCodec.write(SampleModel.train(digits, 5)))
        .isEqualTo(OnnxCodec.write(SampleModel.train(digits, 5)));
  }
}
