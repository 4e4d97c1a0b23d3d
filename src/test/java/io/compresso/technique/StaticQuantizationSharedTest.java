package io.compresso.technique;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.compresso.data.Dataset;
import io.compresso.data.DatasetSpec;
import io.compresso.data.Datasets;
import io.compresso.data.Selection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Static int8 of the trained models with labelled data keeps its promises of size and accuracy. */
@Tag("shared-data")
class StaticQuantizationSharedTest {
  private static final Path SHARED =
      Path.of(Objects.requireNonNull(System.getProperty("shared.dir"), "shared.dir is not set"));

  @TempDir private Path work;

  @ParameterizedTest
  @CsvSource({
    "mnist-8, mnist, true, qdq",
    "mnist-8, mnist, false, qdq",
    "mnist-8, mnist, true, qoperator",
    "mnist-cnn-pytorch-ort, mnist, true, qdq",
    "mnist-cnn-pytorch-ort, mnist, false, qdq",
    "mnist-cnn-pytorch-ort, mnist, true, qoperator",
    "mlperf-ic-resnet8-fp32, cifar10, true, qdq",
    "mlperf-ic-resnet8-fp32, cifar10, false, qdq",
    "mlperf-ic-resnet8-fp32, cifar10, true, qoperator"
  })
  void staticInt8_keepsAccuracyAtAQuarterOfTheWeights(
      String model, String data, boolean perChannel, String format) throws IOException {
    JobSpec spec =
        JobSpec.of(
            "quantize", Map.of("format", format, "weights", Map.of("perChannel", perChannel)));
    try (Dataset all = open(data)) {
      boolean perClass = data.equals("cifar10");
      Selection calibration = perClass ? Selection.perClass(200, 220) : Selection.range(2000, 2200);
      Selection evaluation = perClass ? Selection.perClass(0, 200) : Selection.range(0, 2000);
      JobData jobData =
          new JobData(
              null,
              new JobData.Bound(all.select(calibration)),
              new JobData.Bound(all.select(evaluation)));
      Path file = SHARED.resolve("data/models/" + model + ".onnx");

      Report report = Pipeline.run(file, jobData, spec, work, JobHost.LOCAL).report();

      assertThat(report.size().quantizedRatio()).isLessThanOrEqualTo(0.27);
      if (!model.equals("mnist-8")) {
        assertThat(report.size().ratio()).isLessThanOrEqualTo(0.33);
      }
      Report.Accuracy top1 =
          report.accuracy().stream()
              .filter(row -> row.runtime().equals("onnxruntime") && row.metric().equals("top1"))
              .findFirst()
              .orElseThrow();
      assertThat(top1.samples()).isEqualTo(2000);
      assertThat(top1.child()).isCloseTo(top1.parent(), within(0.005));
      assertThat(report.agreement())
          .allSatisfy(row -> assertThat(row.sqnrDb()).as(row.runtime()).isGreaterThan(20));
      assertThat(top1.drop()).isLessThanOrEqualTo(0.002 + 1e-9);
    }
  }

  private Dataset open(String name) throws IOException {
    Path folder = SHARED.resolve("data/" + name);
    if (name.equals("cifar10")) {
      Map<String, Object> image = Map.of("scale", 1.0, "layout", "nchw");
      return Datasets.open(
          folder.resolve("cifar10-train-10k-jpeg.tar"), DatasetSpec.of(Map.of("image", image)));
    }
    Path zip = work.resolve("mnist.zip");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
      for (String part :
          new String[] {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"}) {
        out.putNextEntry(new ZipEntry(part));
        Files.copy(folder.resolve(part), out);
      }
    }
    return Datasets.open(zip, DatasetSpec.AUTO);
  }
}
