package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.compresso.data.DataFile;
import io.compresso.data.DataLimits;
import io.compresso.data.Dataset;
import io.compresso.data.DatasetSpec;
import io.compresso.data.DatasetSummary;
import io.compresso.data.Datasets;
import io.compresso.data.Selection;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The trained models of the shared folder do as well as its description says. */
@Tag("shared-data")
class SharedModelsTest {
  private static final Map<String, Object> RAW_PIXELS = Map.of("image", Map.of("scale", 1));

  private static Path shared(String path) {
    String folder = System.getProperty("shared.dir");
    assertThat(folder).as("system property shared.dir").isNotNull();
    return Path.of(folder, "data").resolve(path);
  }

  private static Dataset mnist() {
    return Datasets.open(mnistFiles(), DatasetSpec.AUTO, DataLimits.DEFAULT, null);
  }

  private static List<DataFile> mnistFiles() {
    return List.of(
        DataFile.of(shared("mnist/train-images-idx3-ubyte.gz")),
        DataFile.of(shared("mnist/train-labels-idx1-ubyte.gz")));
  }

  private static double top1(String model, Dataset dataset) {
    try (OnnxRuntimePeer peer =
        OnnxRuntimePeer.open(shared("models/" + model), PeerOptions.DEFAULT)) {
      Accuracy accuracy = Evaluator.accuracy(peer, dataset, EvaluationOptions.DEFAULT);
      assertThat(accuracy.samples()).isEqualTo(2000);
      return 100 * accuracy.metrics().getOrDefault("top1", 0.0);
    }
  }

  @Test
  void mnist8_reachesItsTop1() {
    try (Dataset mnist = mnist()) {
      assertThat(top1("mnist-8.onnx", mnist.select(Selection.range(0, 2000))))
          .isEqualTo(99.65, within(1e-6));
    }
  }

  @Test
  void mnistCnn_reachesItsTop1() {
    try (Dataset mnist = mnist()) {
      assertThat(top1("mnist-cnn-pytorch-ort.onnx", mnist.select(Selection.range(0, 2000))))
          .isEqualTo(99.5, within(1e-6));
    }
  }

  @Test
  void resnet8_reachesItsTop1() {
    try (Dataset cifar =
        Datasets.open(shared("cifar10/cifar10-train-10k-jpeg.tar"), DatasetSpec.of(RAW_PIXELS))) {
      assertThat(top1("mlperf-ic-resnet8-fp32.onnx", cifar.select(Selection.perClass(0, 200))))
          .isEqualTo(80.25, within(1e-6));
    }
  }

  @Test
  void mnist_isInspectedWithAnEmptySpec() {
    DatasetSummary summary =
        Datasets.inspect(mnistFiles(), DatasetSpec.AUTO, DataLimits.DEFAULT, null);
    assertThat(summary.format()).isEqualTo("idx");
    assertThat(summary.size()).isEqualTo(60_000);
    assertThat(summary.schema().describe()).isEqualTo("image float[1, 28, 28]");
    assertThat(summary.classHistogram()).containsEntry("0", 5923L).hasSize(10);
  }

  @Test
  void cifar_isInspectedWithAnEmptySpec() {
    DatasetSummary summary =
        Datasets.inspect(
            List.of(DataFile.of(shared("cifar10/cifar10-train-10k-jpeg.tar"))),
            DatasetSpec.AUTO,
            DataLimits.DEFAULT,
            null);
    assertThat(summary.size()).isEqualTo(10_000);
    assertThat(summary.classHistogram().keySet())
        .containsExactly(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck");
    assertThat(summary.classHistogram().values()).containsOnly(1000L);
  }

  @Test
  void tables_areInspectedWithAnEmptySpec() {
    Map<String, Integer> classes =
        Map.of(
            "banknote_authentication.csv", 2,
            "ionosphere.csv", 2,
            "iris.csv", 3,
            "pima-indians-diabetes.csv", 2,
            "sonar.csv", 2,
            "spambase.data", 2,
            "wine.csv", 3);
    classes.forEach((name, count) -> {
      DatasetSummary summary =
          Datasets.inspect(
              List.of(DataFile.of(shared("tabular/" + name))),
              DatasetSpec.AUTO,
              DataLimits.DEFAULT,
              null);
      assertThat(summary.classHistogram()).as(name).hasSize(count);
    });
  }
}
