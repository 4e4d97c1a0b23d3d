package io.compresso.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.data.ImageSpec.Channels;
import io.compresso.data.ImageSpec.Layout;
import io.compresso.data.ImageSpec.Resize;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DatasetSpecTest {
  @Test
  void emptyMap_isAllDefaults() {
    assertThat(DatasetSpec.of(Map.of())).isEqualTo(DatasetSpec.AUTO);
  }

  @Test
  void everyField_isBound() {
    DatasetSpec spec =
        DatasetSpec.of(
            Map.of(
                "format", "images",
                "split", "train",
                "label", Map.of("field", "y", "kind", "multi-label", "classes", List.of("a", "b")),
                "image",
                    Map.of(
                        "width",
                        224,
                        "height",
                        224,
                        "resize",
                        "shortest-crop",
                        "crop",
                        0.875,
                        "scale",
                        "1/128",
                        "mean",
                        List.of(1, 2.5, 3),
                        "std",
                        2,
                        "layout",
                        "NHWC",
                        "channels",
                        "bgr",
                        "dtype",
                        "float16"),
                "csv", Map.of("delimiter", ";", "header", true, "missing", 0),
                "fields",
                    List.of(
                        "x",
                        Map.of(
                            "name", "z", "source", "zz", "shape", List.of(2, 3), "dtype", "f32"))));
    assertThat(spec.format()).isEqualTo(DatasetSpec.Format.IMAGES);
    assertThat(spec.split()).isEqualTo("train");
    assertThat(spec.label())
        .isEqualTo(
            new LabelSpec(false, List.of("y"), LabelKind.MULTI_LABEL, List.of("a", "b"), null));
    assertThat(spec.image())
        .isEqualTo(
            new ImageSpec(
                224,
                224,
                Resize.SHORTEST_CROP,
                0.875,
                1 / 128.0,
                List.of(1.0, 2.5, 3.0),
                List.of(2.0),
                Layout.NHWC,
                Channels.BGR,
                DType.FLOAT16));
    assertThat(spec.csv()).isEqualTo(new CsvSpec(';', true, 0.0));
    assertThat(spec.fields())
        .containsExactly(
            new FieldSpec("x", List.of("x"), null, null),
            new FieldSpec("z", List.of("zz"), Shape.of(2, 3), DType.FLOAT));
  }

  static Stream<Arguments> wrong() {
    Map<String, Object> withNull = new HashMap<>();
    withNull.put("mean", java.util.Arrays.asList(1, null));
    return Stream.of(
        Arguments.of(
            Map.of("formt", "csv"),
            "formt: unknown field; known are image, audio, csv, text, fields, format, split, label"),
        Arguments.of(
            Map.of("format", "xml"),
            "format: 'xml' is not one of auto, idx, npy, npz, csv, images, audio, tar, zip"),
        Arguments.of(Map.of("format", List.of()), "format: must be a string"),
        Arguments.of(Map.of("image", "yes"), "image: must be an object"),
        Arguments.of(Map.of("image", Map.of("widht", 3)), "image.widht: unknown field"),
        Arguments.of(
            Map.of("image", Map.of("width", 3)), "image: width and height must be given together"),
        Arguments.of(
            Map.of("image", Map.of("width", 0)),
            "image.width: must be a whole number of at least 1, not 0.0"),
        Arguments.of(Map.of("image", Map.of("width", 1e9)), "image.width: must be at most 65536"),
        Arguments.of(Map.of("image", Map.of("width", "x")), "image.width: 'x' is not a number"),
        Arguments.of(
            Map.of("image", Map.of("scale", "1/0")), "image.scale: must be a finite number"),
        Arguments.of(
            Map.of("image", Map.of("mean", Double.NaN)), "image.mean: must be a finite number"),
        Arguments.of(Map.of("image", withNull), "image.mean: must not hold null"),
        Arguments.of(Map.of("image", Map.of("std", List.of(1, 0, 1))), "image.std: must not be 0"),
        Arguments.of(
            Map.of("image", Map.of("mean", List.of(1, 2), "channels", "rgb")),
            "image.mean: 2 values for 3 channels"),
        Arguments.of(Map.of("image", Map.of("crop", 1.5)), "image.crop: must be above 0"),
        Arguments.of(Map.of("image", Map.of("dtype", "string")), "image.dtype: images cannot be"),
        Arguments.of(Map.of("image", Map.of("dtype", "float99")), "image.dtype: 'FLOAT99'"),
        Arguments.of(Map.of("label", 1.5f, "csv", 3), "csv: must be an object"),
        Arguments.of(
            Map.of("label", Map.of("column", "a", "field", "b")),
            "label.field: only one of column, columns, field and file may be given"),
        Arguments.of(
            Map.of("label", Map.of("classes", List.of("a", "a"))),
            "label.classes: holds a name twice"),
        Arguments.of(
            Map.of("csv", Map.of("delimiter", "ab")), "csv.delimiter: must be one character"),
        Arguments.of(Map.of("csv", Map.of("header", "no")), "csv.header: must be true or false"),
        Arguments.of(Map.of("fields", List.of(Map.of())), "fields[0].name: is missing"),
        Arguments.of(Map.of("fields", List.of("a", "a")), "fields: the name 'a' is given twice"),
        Arguments.of(
            Map.of("fields", List.of(Map.of("name", "a", "shape", List.of(-1)))),
            "fields[0].shape: negative dimension"),
        Arguments.of(
            Map.of("fields", List.of(Map.of("name", "a", "source", "b", "columns", "c"))),
            "fields[0].source: only one of source and columns may be given"));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void wrongSpec_isRefusedByPath(Map<String, ?> spec, String message) {
    assertThatThrownBy(() -> DatasetSpec.of(spec))
        .isInstanceOf(DataException.class)
        .hasMessageStartingWith(message)
        .extracting(e -> ((DataException) e).code().id())
        .isEqualTo("invalid-data-spec");
  }
}
