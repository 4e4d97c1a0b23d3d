package io.compresso.data;

import static io.compresso.data.TestArchives.entries;
import static io.compresso.data.TestArchives.file;
import static io.compresso.data.TestArchives.gzip;
import static io.compresso.data.TestArchives.idx;
import static io.compresso.data.TestArchives.tar;
import static io.compresso.data.TestArchives.zip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class IdxDatasetTest {
  private static final byte[] PIXELS = {0, 51, 102, (byte) 255, 1, 2, 3, 4, 5, 6, 7, 8};
  private static final byte[] IMAGES = idx(8, new int[] {3, 2, 2}, PIXELS);
  private static final byte[] LABELS = idx(8, new int[] {3}, new byte[] {1, 0, 3});

  @TempDir Path folder;

  private Dataset open(Map<String, ?> spec, DataFile... files) {
    return Datasets.open(List.of(files), DatasetSpec.of(spec), DataLimits.DEFAULT, folder);
  }

  private void requireMnist(Dataset dataset) {
    try (dataset) {
      assertThat(dataset.size()).isEqualTo(3);
      assertThat(dataset.schema().describe()).isEqualTo("image float[1, 2, 2]");
      Sample sample = dataset.get(0);
      assertThat(sample.label()).isEqualTo(new Label.ClassIndex(1));
      Tensor image = sample.fields().get("image");
      assertThat(image.toFloats()).containsExactly(0f, 0.2f, 0.4f, 1f);
      assertThat(dataset.classHistogram()).isEqualTo(Map.of("0", 1L, "1", 1L, "2", 0L, "3", 1L));
    }
  }

  @Test
  void twoFiles_areImagesAndLabels() {
    requireMnist(
        open(
            Map.of(),
            file(folder, "train-images-idx3-ubyte", IMAGES),
            file(folder, "train-labels-idx1-ubyte", LABELS)));
  }

  @Test
  void gzipFiles_areUnpackedAndDeletedAtTheEnd() throws Exception {
    requireMnist(
        open(
            Map.of(),
            file(folder, "train-images-idx3-ubyte.gz", gzip(IMAGES)),
            file(folder, "train-labels-idx1-ubyte.gz", gzip(LABELS))));
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.filter(Files::isDirectory)).isEmpty();
    }
  }

  @Test
  void zipArchive_holdsBothFiles() {
    byte[] archive =
        zip(entries("mnist/images-idx3-ubyte.gz", gzip(IMAGES), "mnist/labels.idx", LABELS));
    requireMnist(open(Map.of(), file(folder, "data.zip", archive)));
  }

  @Test
  void tarArchiveInGzip_holdsBothFiles() {
    byte[] archive = gzip(tar(entries("./a-images.idx", IMAGES, "./a-labels.idx", LABELS)));
    requireMnist(open(Map.of("format", "tar"), file(folder, "data.tgz", archive)));
  }

  @Test
  void split_picksAmongSeveral() {
    byte[] archive =
        zip(
            entries(
                "t10k-images-idx3-ubyte",
                IMAGES,
                "t10k-labels-idx1-ubyte",
                LABELS,
                "train-images-idx3-ubyte",
                idx(8, new int[] {1, 2, 2}, new byte[4]),
                "train-labels-idx1-ubyte",
                idx(8, new int[] {1}, new byte[1])));
    DataFile upload = file(folder, "data.zip", archive);
    requireMnist(open(Map.of("split", "t10k"), upload));
    assertThatThrownBy(() -> open(Map.of(), upload))
        .isInstanceOf(DataException.class)
        .hasMessage("split: the upload holds t10k, train; declare which one to read");
    assertThatThrownBy(() -> open(Map.of("split", "dev"), upload))
        .hasMessage("split: the upload has no part 'dev'");
  }

  @Test
  void bytes_areNotImages_whenDeclared() {
    try (Dataset dataset =
        open(
            Map.of("image", false, "fields", List.of(Map.of("name", "x", "dtype", "int32"))),
            file(folder, "images.idx", IMAGES),
            file(folder, "labels.idx", LABELS))) {
      Tensor x = dataset.get(0).fields().get("x");
      assertThat(x.dtype()).isEqualTo(DType.INT32);
      assertThat(x.shape()).isEqualTo(Shape.of(2, 2));
      assertThat(x.toLongs()).containsExactly(0, 51, 102, 255);
    }
  }

  @Test
  void bigEndianElements_areSwapped() {
    byte[] shorts = ByteBuffer.allocate(4).putShort((short) -2).putShort((short) 258).array();
    byte[] floats = ByteBuffer.allocate(8).putFloat(1.5f).putFloat(-0.25f).array();
    try (Dataset dataset =
        open(
            Map.of("label", "none"),
            file(folder, "a.idx", idx(0x0B, new int[] {2, 1}, shorts)),
            file(folder, "b.idx", idx(0x0D, new int[] {2, 1}, floats)))) {
      Sample sample = dataset.get(1);
      assertThat(sample.label()).isNull();
      assertThat(sample.fields().get("a").toLongs()).containsExactly(258);
      assertThat(sample.fields().get("b").toFloats()).containsExactly(-0.25f);
    }
  }

  static Stream<Arguments> damaged() {
    byte[] huge = idx(8, new int[] {-1, -1, -1, -1, -1, -1, -1, -1}, new byte[0]);
    return Stream.of(
        Arguments.of(new byte[] {0, 0}, "is not an IDX file"),
        Arguments.of(new byte[] {1, 0, 8, 1, 0, 0, 0, 0}, "does not begin with two zero bytes"),
        Arguments.of(
            new byte[] {0, 0, 7, 1, 0, 0, 0, 0}, "at byte 2: has the unknown element type 7"),
        Arguments.of(new byte[] {0, 0, 8, 0, 0, 0, 0, 0}, "at byte 3: has 0 dimensions"),
        Arguments.of(new byte[] {0, 0, 8, 3, 0, 0, 0, 0}, "ends in its header"),
        Arguments.of(huge, "dimensions that overflow"),
        Arguments.of(
            idx(8, new int[] {3, 2, 2}, new byte[11]),
            "holds 11 bytes of elements where its dimensions [3, 2, 2] need 12"),
        Arguments.of(idx(8, new int[] {1, 2, 2}, new byte[5]), "holds 5 bytes"),
        Arguments.of(idx(8, new int[] {0, 2, 2}, new byte[0]), "there are no samples"));
  }

  @ParameterizedTest
  @MethodSource("damaged")
  void damagedFile_isRefusedWithItsPlace(byte[] content, String message) {
    assertThatThrownBy(
            () -> open(Map.of("format", "idx", "label", false), file(folder, "x.idx", content)))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("x")
        .hasMessageContaining(message);
  }

  @Test
  void labelsOfAnotherCount_areRefused() {
    assertThatThrownBy(() ->
            open(
                Map.of(),
                file(folder, "images.idx", IMAGES),
                file(folder, "labels.idx", idx(8, new int[] {2}, new byte[2]))))
        .isInstanceOf(DataException.class)
        .hasMessage("labels: there are 2 labels for 3 samples");
  }

  @Test
  void labelOutsideTheDeclaredClasses_isRefusedWithItsSample() {
    assertThatThrownBy(() ->
            open(
                Map.of("label", Map.of("classes", List.of("a", "b", "c"))),
                file(folder, "images.idx", IMAGES),
                file(folder, "labels.idx", LABELS)))
        .hasMessage("labels, sample 2: the label 3 is outside the 3 declared classes");
  }

  @Test
  void closedDataset_leavesItsTensorsValid() {
    Dataset dataset =
        open(Map.of(), file(folder, "images.idx", IMAGES), file(folder, "labels.idx", LABELS));
    Tensor image = dataset.get(0).fields().get("image");
    dataset.close();
    assertThat(image.getFloat(3)).isEqualTo(1f);
  }
}
