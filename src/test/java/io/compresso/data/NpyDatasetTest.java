package io.compresso.data;

import static io.compresso.data.TestArchives.entries;
import static io.compresso.data.TestArchives.file;
import static io.compresso.data.TestArchives.npy;
import static io.compresso.data.TestArchives.npyOfHeader;
import static io.compresso.data.TestArchives.zip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class NpyDatasetTest {
  @TempDir Path folder;

  private Dataset open(Map<String, ?> spec, String name, byte[] content) {
    return Datasets.open(
        List.of(file(folder, name, content)), DatasetSpec.of(spec), DataLimits.DEFAULT, folder);
  }

  private static byte[] floats(ByteOrder order, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(order);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }

  private static byte[] longs(long... values) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long value : values) {
      bytes.putLong(value);
    }
    return bytes.array();
  }

  @ParameterizedTest
  @CsvSource({
    "|b1,BOOL,1", "|i1,INT8,1", "|u1,UINT8,1", "<i2,INT16,2", "<u2,UINT16,2", "<i4,INT32,4",
    "<u4,UINT32,4", "<i8,INT64,8", "<u8,UINT64,8", "<f2,FLOAT16,2", "<f4,FLOAT,4", "<f8,DOUBLE,8",
    "<c8,COMPLEX64,8", "<c16,COMPLEX128,16"
  })
  void elementType_isKept(String descr, DType dtype, int bytes) {
    byte[] elements = new byte[3 * bytes];
    elements[bytes] = 1;
    try (Dataset dataset = open(Map.of(), "a.npy", npy(descr, false, "3,", elements))) {
      Tensor tensor = dataset.get(1).fields().get("a");
      assertThat(tensor.dtype()).isEqualTo(dtype);
      assertThat(tensor.shape()).isEqualTo(Shape.SCALAR);
      assertThat(tensor.segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0))
          .isEqualTo((byte) 1);
    }
  }

  @Test
  void bigEndian_isSwapped() {
    byte[] content = npy(">f4", false, "2, 2", floats(ByteOrder.BIG_ENDIAN, 1, 2, 3, 4.5f));
    try (Dataset dataset = open(Map.of(), "a.npy", content)) {
      assertThat(dataset.get(1).fields().get("a").toFloats()).containsExactly(3, 4.5f);
    }
  }

  @Test
  void fortranOrder_givesTheSameSamplesAsC() {
    float[] c = new float[24];
    float[] fortran = new float[24];
    for (int i = 0; i < 24; i++) {
      c[i] = i;
      int n = i / 12;
      int row = i / 4 % 3;
      int column = i % 4;
      fortran[n + 2 * (row + 3 * column)] = i;
    }
    byte[] first = npy("<f4", false, "2, 3, 4", floats(ByteOrder.LITTLE_ENDIAN, c));
    byte[] second = npy("<f4", true, "2, 3, 4", floats(ByteOrder.LITTLE_ENDIAN, fortran));
    try (Dataset a = open(Map.of(), "a.npy", first);
        Dataset b = open(Map.of(), "b.npy", second)) {
      for (int i = 0; i < 2; i++) {
        assertThat(b.get(i).fields().get("b").toFloats())
            .containsExactly(a.get(i).fields().get("a").toFloats());
      }
    }
  }

  @Test
  void npz_hasFieldsAndLabels() {
    byte[] archive =
        zip(
            entries(
                "x.npy", npy("<f4", false, "2, 2", floats(ByteOrder.LITTLE_ENDIAN, 1, 2, 3, 4)),
                "y.npy", npy("<i8", false, "2,", longs(0, 4))));
    try (Dataset dataset = open(Map.of("format", "npz"), "data.npz", archive)) {
      assertThat(dataset.schema().describe()).isEqualTo("x float[2]");
      assertThat(dataset.label(1)).isEqualTo(new Label.ClassIndex(4));
      DatasetSchema.LabelSchema label = dataset.schema().label();
      assertThat(label).isNotNull();
      assertThat(label.size()).isEqualTo(5);
    }
  }

  @Test
  void npzOfSeveralSplits_needsOne() {
    byte[] x = npy("|u1", false, "1, 2, 2", new byte[] {0, 51, 102, (byte) 255});
    byte[] y = npy("|u1", false, "1,", new byte[] {2});
    byte[] archive =
        zip(entries("x_train.npy", x, "y_train.npy", y, "x_test.npy", x, "y_test.npy", y));
    assertThatThrownBy(() -> open(Map.of(), "mnist.npz", archive))
        .hasMessageContaining("split: the upload holds test, train");
    try (Dataset dataset =
        open(Map.of("split", "test", "image", Map.of("layout", "nhwc")), "mnist.npz", archive)) {
      assertThat(dataset.schema().describe()).isEqualTo("x float[2, 2, 1]");
      assertThat(dataset.get(0).fields().get("x").toFloats()).containsExactly(0, 0.2f, 0.4f, 1);
      assertThat(dataset.label(0)).isEqualTo(new Label.ClassIndex(2));
    }
  }

  @Test
  void textLabels_areClassesInTheirOrder() {
    byte[] names = "dogcatdog".getBytes(StandardCharsets.US_ASCII);
    ByteBuffer wide = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    wide.putInt('b').putInt('ä').putInt('b');
    byte[] x = npy("<f4", false, "3,", new byte[12]);
    try (Dataset bytes =
            open(Map.of(), "a", zip(entries("x.npy", x, "y.npy", npy("|S3", false, "3,", names))));
        Dataset unicode =
            open(
                Map.of(),
                "b",
                zip(entries("x.npy", x, "y.npy", npy("<U1", false, "3,", wide.array()))))) {
      assertThat(bytes.classHistogram()).isEqualTo(Map.of("cat", 1L, "dog", 2L));
      assertThat(bytes.label(0)).isEqualTo(new Label.ClassIndex(1));
      assertThat(unicode.classHistogram()).isEqualTo(Map.of("b", 2L, "ä", 1L));
    }
  }

  @Test
  void labelKinds_areToldFromTheValues() {
    byte[] x = npy("<f4", false, "2,", new byte[8]);
    Map<String, byte[]> labels =
        Map.of(
            "CLASS", npy("|u1", false, "2, 3", new byte[] {0, 0, 1, 1, 0, 0}),
            "MULTI_LABEL", npy("|u1", false, "2, 3", new byte[] {0, 1, 1, 0, 0, 0}),
            "REGRESSION", npy("<f4", false, "2, 1", floats(ByteOrder.LITTLE_ENDIAN, 0.5f, 2)));
    Map<String, Label> expected =
        Map.of(
            "CLASS", new Label.ClassIndex(2),
            "MULTI_LABEL", new Label.Classes(new boolean[] {false, true, true}),
            "REGRESSION", new Label.Targets(new float[] {0.5f}));
    labels.forEach((kind, y) -> {
      try (Dataset dataset =
          open(Map.of(), kind + ".npz", zip(entries("x.npy", x, "targets.npy", y)))) {
        assertThat(dataset.schema().label())
            .extracting(label -> label.kind().name())
            .isEqualTo(kind);
        assertThat(dataset.label(0)).isEqualTo(expected.get(kind));
      }
    });
  }

  static Stream<Arguments> damaged() {
    byte[] four = new byte[4];
    return Stream.of(
        Arguments.of(new byte[] {(byte) 0x93, 'N', 'U'}, "is not an NPY file"),
        Arguments.of(npy("|O", false, "1,", four), "Python objects"),
        Arguments.of(
            npy("<f4", false, "2,", four), "holds 4 bytes of elements where its shape [2]"),
        Arguments.of(npy("<f4", false, "", four), "is a scalar"),
        Arguments.of(npy("<f3", false, "1,", four), "element type 'f3'"),
        Arguments.of(npy("<M8", false, "1,", four), "element type 'M8'"),
        Arguments.of(
            npy("<f4", false, "9223372036854775807, 9223372036854775807", four),
            "impossible shape"),
        Arguments.of(npy("<f4", false, "9223372036854775807, 1", four), "overflow"),
        Arguments.of(npy("<f4", false, "99999999999999999999,", four), "impossible shape"),
        Arguments.of(npyOfHeader("{'descr': [('a', '<f4')], 'shape': (1,)}", four), "structured"),
        Arguments.of(npyOfHeader("{'descr': '<f4', 'shape': (1,)}", four), "without fortran_order"),
        Arguments.of(npy("<f4", false, "0, 3", new byte[0]), "there are no samples"));
  }

  @ParameterizedTest
  @MethodSource("damaged")
  void damagedFile_isRefused(byte[] content, String message) {
    assertThatThrownBy(() -> open(Map.of("format", "npy"), "a.npy", content))
        .isInstanceOf(DataException.class)
        .hasMessageContaining(message);
  }

  @Test
  void headerLongerThanTheFile_isRefused() {
    byte[] content = npy("<f4", false, "1,", new byte[4]);
    content[9] = (byte) 0x7F;
    assertThatThrownBy(() -> open(Map.of(), "a.npy", content))
        .hasMessageContaining("a at byte 8: has a header of");
  }

  @Test
  void arraysOfDifferentCounts_areRefused() {
    byte[] archive =
        zip(
            entries(
                "a.npy", npy("|u1", false, "2,", new byte[2]),
                "b.npy", npy("|u1", false, "3,", new byte[3])));
    assertThatThrownBy(() -> open(Map.of(), "data.npz", archive))
        .hasMessage("b: holds 3 samples, a holds 2");
  }

  @Test
  void fieldOfAnUnknownArray_isRefused() {
    byte[] content = npy("|u1", false, "2,", new byte[2]);
    assertThatThrownBy(() ->
            open(Map.of("fields", List.of(Map.of("name", "x", "source", "z"))), "a.npy", content))
        .hasMessage("field 'x': there is no array 'z'; there are a");
  }

  @Test
  void field_isReshapedAndConverted() {
    byte[] content = npy("|u1", false, "1, 4", new byte[] {1, 2, 3, (byte) 200});
    Map<String, Object> field = Map.of("name", "x", "shape", List.of(2, 2), "dtype", "float");
    try (Dataset dataset = open(Map.of("fields", List.of(field)), "a.npy", content)) {
      assertThat(dataset.schema().describe()).isEqualTo("x float[2, 2]");
      assertThat(dataset.get(0).fields().get("x").toFloats()).containsExactly(1, 2, 3, 200);
    }
    assertThatThrownBy(() ->
            open(
                Map.of("fields", List.of(Map.of("name", "x", "shape", List.of(3)))),
                "a.npy",
                content))
        .hasMessageContaining("the shape [3] has not the 4 elements of [4]");
  }

  @Test
  void negativeLabel_isRefusedWithItsSample() {
    byte[] archive =
        zip(
            entries(
                "x.npy", npy("|u1", false, "2,", new byte[2]),
                "label.npy", npy("|i1", false, "2,", new byte[] {1, -1})));
    assertThatThrownBy(() -> open(Map.of(), "data.npz", archive))
        .hasMessageContaining("label, sample 1: the label -1.0 is no class index");
  }
}
