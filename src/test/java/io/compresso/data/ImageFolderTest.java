package io.compresso.data;

import static io.compresso.data.TestArchives.encoded;
import static io.compresso.data.TestArchives.entries;
import static io.compresso.data.TestArchives.file;
import static io.compresso.data.TestArchives.image;
import static io.compresso.data.TestArchives.tar;
import static io.compresso.data.TestArchives.zip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
  /** Two by one pixels: red 255 green 51 blue 0, and 0 102 204. */
  private static final byte[] PICTURE = image("png", 2, 1, 0xFF3300, 0x0066CC);

  @TempDir Path folder;

  private Dataset open(Map<String, ?> spec, byte[] archive) {
    return Datasets.open(
        List.of(file(folder, "d", archive)), DatasetSpec.of(spec), DataLimits.DEFAULT, folder);
  }

  private Tensor tensor(Map<String, ?> image, byte[] picture) {
    try (Dataset dataset = open(Map.of("image", image), tar(entries("c/a.png", picture)))) {
      return dataset.get(0).fields().get("image");
    }
  }

  @Test
  void folders_areClassesInAlphabeticalOrder() {
    byte[] archive =
        tar(
            entries(
                "root/dog/b.png",
                PICTURE,
                "root/cat/a.jpg",
                image("jpg", 2, 1, 0x808080),
                "root/dog/a.png",
                PICTURE,
                "root/readme.txt",
                new byte[3],
                "root/cat/.hidden",
                new byte[3]));
    try (Dataset dataset = open(Map.of(), archive)) {
      assertThat(dataset.schema().describe()).isEqualTo("image float[3, 1, 2]");
      assertThat(dataset.size()).isEqualTo(3);
      assertThat(dataset.describe(1)).isEqualTo("entry 'root/dog/a.png'");
      assertThat(dataset.label(0)).isEqualTo(new Label.ClassIndex(0));
      assertThat(dataset.classHistogram()).isEqualTo(Map.of("cat", 1L, "dog", 2L));
      assertThat(dataset.get(1).fields().get("image").toFloats())
          .containsExactly(1, 0, 0.2f, 0.4f, 0, 0.8f);
    }
  }

  @Test
  void zipOfFolders_isRead() {
    try (Dataset dataset = open(Map.of("format", "zip"), zip(entries("a/x.png", PICTURE)))) {
      assertThat(dataset.get(0).fields().get("image").size()).isEqualTo(6);
    }
    assertThatThrownBy(() -> open(Map.of("format", "tar"), zip(entries("a/x.png", PICTURE))))
        .hasMessage("the upload is no tar archive, as declared");
  }

  @Test
  void declaredClasses_giveTheIndices() {
    byte[] archive = tar(entries("x/a.png", PICTURE, "y/a.png", PICTURE));
    try (Dataset dataset =
        open(Map.of("label", Map.of("classes", List.of("z", "y", "x"))), archive)) {
      assertThat(dataset.label(0)).isEqualTo(new Label.ClassIndex(2));
    }
    assertThatThrownBy(() -> open(Map.of("label", Map.of("classes", List.of("x"))), archive))
        .hasMessage("entry 'y/a.png': 'y' is none of the declared classes [x]");
  }

  @Test
  void imagesWithoutFolders_haveNoLabels() {
    try (Dataset dataset = open(Map.of(), tar(entries("a.png", PICTURE)))) {
      assertThat(dataset.schema().label()).isNull();
    }
    assertThatThrownBy(() -> open(Map.of(), tar(entries("a.png", PICTURE, "c/b.png", PICTURE))))
        .hasMessage("entry 'a.png': the file lies in no class folder, others do");
  }

  @Test
  void layoutAndChannels_followTheDeclaration() {
    assertThat(tensor(Map.of("scale", 1, "layout", "nhwc"), PICTURE).toFloats())
        .containsExactly(255, 51, 0, 0, 102, 204);
    assertThat(tensor(Map.of("scale", 1, "channels", "bgr"), PICTURE).toFloats())
        .containsExactly(0, 204, 51, 102, 255, 0);
    assertThat(tensor(Map.of("scale", 1, "channels", "gray"), PICTURE).toFloats())
        .containsExactly(106, 83);
  }

  @Test
  void meanAndStd_areInScaledUnits() {
    Tensor tensor =
        tensor(Map.of("mean", List.of(0.5, 0.2, 0), "std", List.of(0.5, 1, "1/2")), PICTURE);
    assertThat(tensor.toFloats())
        .containsExactly(new float[] {1, -1, 0, 0.2f, 0, 1.6f}, within(1e-6f));
    assertThatThrownBy(() -> tensor(Map.of("mean", List.of(1, 2)), PICTURE))
        .hasMessage("image.mean: 2 values for images of 3 channels");
  }

  @Test
  void integerType_keepsThePixels() {
    Tensor tensor = tensor(Map.of("dtype", "uint8"), PICTURE);
    assertThat(tensor.dtype()).isEqualTo(DType.UINT8);
    assertThat(tensor.toLongs()).containsExactly(255, 0, 51, 102, 0, 204);
    assertThat(tensor(Map.of("dtype", "int8", "mean", 128), PICTURE).toLongs())
        .containsExactly(127, -128, -77, -26, -128, 76);
    assertThat(tensor(Map.of("dtype", "float16"), PICTURE).dtype()).isEqualTo(DType.FLOAT16);
  }

  @Test
  void stretch_interpolatesBetweenPixelCentres() {
    byte[] picture = image("png", 2, 1, 0x000000, 0x646464);
    Map<String, Object> spec =
        Map.of("scale", 1, "width", 4, "height", 1, "channels", "gray", "resize", "stretch");
    assertThat(tensor(spec, picture).toFloats()).containsExactly(0, 25, 75, 100);
  }

  @Test
  void shrinking_countsEveryPixel() {
    byte[] picture = image("png", 4, 2, 0x000000, 0x0A0A0A, 0x141414, 0x1E1E1E);
    Map<String, Object> spec = Map.of("scale", 1, "width", 1, "height", 1, "channels", "gray");
    assertThat(tensor(spec, picture).toFloats()).containsExactly(15);
  }

  @Test
  void shortestCrop_keepsTheCentre() {
    byte[] picture = image("png", 4, 2, 0x010101, 0x020202, 0x030303, 0x040404);
    Map<String, Object> spec =
        Map.of("scale", 1, "width", 2, "height", 2, "channels", "gray", "resize", "shortest-crop");
    assertThat(tensor(spec, picture).toFloats()).containsExactly(2, 3, 2, 3);
    Map<String, Object> plain =
        Map.of("scale", 1, "width", 2, "height", 1, "channels", "gray", "resize", "center-crop");
    assertThat(tensor(plain, picture).toFloats()).containsExactly(2, 3);
  }

  @Test
  void grayPaletteAndDeepImages_keepTheirValues() {
    BufferedImage gray = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_GRAY);
    gray.getRaster().setSample(0, 0, 0, 100);
    gray.getRaster().setSample(1, 0, 0, 7);
    assertThat(tensor(Map.of("scale", 1, "channels", "gray"), encoded("png", gray)).toFloats())
        .containsExactly(100, 7);
    BufferedImage deep = new BufferedImage(1, 1, BufferedImage.TYPE_USHORT_GRAY);
    deep.getRaster().setSample(0, 0, 0, 0xABCD);
    assertThat(tensor(Map.of("scale", 1), encoded("png", deep)).toFloats())
        .containsExactly(0xAB, 0xAB, 0xAB);
    BufferedImage indexed = new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_INDEXED);
    indexed.setRGB(0, 0, 0xFF0000);
    assertThat(tensor(Map.of("scale", 1), encoded("png", indexed)).toFloats())
        .containsExactly(255, 0, 0);
    BufferedImage bits = new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_BINARY);
    bits.setRGB(0, 0, 0xFFFFFF);
    assertThat(tensor(Map.of("scale", 1), encoded("png", bits)).toFloats())
        .containsExactly(255, 255, 255);
    BufferedImage alpha = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
    alpha.setRGB(0, 0, 0x80010203);
    assertThat(tensor(Map.of("scale", 1), encoded("png", alpha)).toFloats())
        .containsExactly(1, 2, 3);
  }

  @Test
  void imagesOfDifferentSizes_needADeclaredOne() {
    byte[] archive = tar(entries("c/a.png", PICTURE, "c/b.png", image("png", 3, 3, 0)));
    List<DataFile> files = List.of(file(folder, "d", archive));
    assertThatThrownBy(() -> Datasets.inspect(files, DatasetSpec.AUTO, DataLimits.DEFAULT, folder))
        .hasMessage(
            "entry 'c/b.png': the image is 3 x 3 pixels, the first one 2 x 1; declare image.width"
                + " and image.height");
    DatasetSpec fixed = DatasetSpec.of(Map.of("image", Map.of("width", 4, "height", 4)));
    assertThat(Datasets.inspect(files, fixed, DataLimits.DEFAULT, folder).size()).isEqualTo(2);
    assertThatThrownBy(() ->
            open(Map.of("image", Map.of("width", 4, "height", 4, "resize", "none")), archive)
                .get(0))
        .hasMessageContaining("declared are 4 x 4 without resizing");
    assertThatThrownBy(() ->
            open(Map.of("image", Map.of("width", 4, "height", 4, "resize", "center-crop")), archive)
                .get(1))
        .hasMessageContaining("too few to crop 4 x 4 from");
  }

  @Test
  void giantImage_isRefusedBeforeItIsDecoded() {
    byte[] giant = PICTURE.clone();
    ByteBuffer.wrap(giant).putInt(16, 100_000).putInt(20, 100_000);
    Dataset dataset =
        open(
            Map.of("image", Map.of("width", 2, "height", 2)),
            tar(entries("c/a.png", PICTURE, "c/b.png", giant)));
    assertThatThrownBy(() -> dataset.get(1))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "entry 'c/b.png': the image of 100000 x 100000 pixels is over the limit of 40000000");
    dataset.close();
  }

  @Test
  void veryFlatImage_isResizedInBoundedMemory() {
    byte[] flat = image("png", 20_000, 1, 0x404040);
    Map<String, Object> spec =
        Map.of("scale", 1, "width", 8, "height", 8, "channels", "gray", "resize", "shortest-crop");
    assertThat(tensor(spec, flat).toFloats()).containsOnly(0x40);
  }

  @Test
  void giantTensor_isRefusedWhenOpened() {
    assertThatThrownBy(() ->
            open(
                Map.of("image", Map.of("width", 65536, "height", 65536)),
                tar(entries("c/a.png", PICTURE))))
        .hasMessageContaining("field 'image': a sample float[3, 65536, 65536] is over the limit");
  }

  @Test
  void truncatedImages_areRefusedByName() {
    byte[] jpeg = image("jpg", 64, 64, 0x123456, 0xFEDCBA, 0x00FF00);
    byte[] half = Arrays.copyOf(jpeg, jpeg.length * 2 / 3);
    Dataset dataset = open(Map.of(), tar(entries("c/a.jpg", jpeg, "c/b.jpg", half)));
    assertThatThrownBy(() -> dataset.get(1))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("entry 'c/b.jpg': the image");
    dataset.close();
    byte[] png = Arrays.copyOf(PICTURE, PICTURE.length - 20);
    assertThatThrownBy(() -> tensor(Map.of(), png))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("entry 'c/a.png': the image is truncated");
  }

  @Test
  void filesThatAreNoImages_areRefusedByName() {
    assertThatThrownBy(() -> open(Map.of(), tar(entries("c/a.png", new byte[100]))))
        .hasMessage("entry 'c/a.png': the file is neither JPEG nor PNG");
    assertThatThrownBy(
            () -> open(Map.of(), tar(entries("c/a.png", PICTURE, "c/b.bmp", new byte[9]))))
        .hasMessage("entry 'c/b.bmp': the file is neither JPEG nor PNG");
    assertThatThrownBy(() ->
            open(Map.of(), tar(entries("c/a.jpg", new byte[] {-1, -40, -1, -31, 0, 4, 0, 0}))))
        .hasMessage("entry 'c/a.jpg': the JPEG file has no frame: truncated");
    byte[] flat = PICTURE.clone();
    ByteBuffer.wrap(flat).putInt(16, 0);
    assertThatThrownBy(() -> open(Map.of(), tar(entries("c/a.png", flat))))
        .hasMessage("entry 'c/a.png': the image is 0 x 1 pixels");
  }
}
