package io.compresso.data;

import static io.compresso.data.TestArchives.file;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvDatasetTest {
  @TempDir Path folder;

  private Dataset open(Map<String, ?> spec, String text) {
    return open(spec, DataLimits.DEFAULT, text);
  }

  private Dataset open(Map<String, ?> spec, DataLimits limits, String text) {
    return Datasets.open(
        List.of(file(folder, "t.csv", text.getBytes(StandardCharsets.UTF_8))),
        DatasetSpec.of(spec),
        limits,
        folder);
  }

  private static float[] features(Dataset dataset, long index) {
    return dataset.get(index).fields().values().iterator().next().toFloats();
  }

  @Test
  void header_namesTheLabel() {
    try (Dataset dataset = open(Map.of(), "Class,a,b\nno,1,2.5\nyes,3,-4e1\n")) {
      assertThat(dataset.schema().describe()).isEqualTo("features float[2]");
      assertThat(dataset.size()).isEqualTo(2);
      assertThat(features(dataset, 1)).containsExactly(3, -40);
      assertThat(dataset.label(1)).isEqualTo(new Label.ClassIndex(1));
      assertThat(dataset.classHistogram()).isEqualTo(Map.of("no", 1L, "yes", 1L));
    }
  }

  @Test
  void withoutHeader_theLastColumnIsTheLabel() {
    try (Dataset dataset = open(Map.of(), "1,2,setosa\n3,4,virginica\n")) {
      assertThat(features(dataset, 0)).containsExactly(1, 2);
      assertThat(dataset.label(1)).isEqualTo(new Label.ClassIndex(1));
    }
  }

  @Test
  void wholeNumbers_areIndicesFromZeroElseNumberedInOrder() {
    try (Dataset zero = open(Map.of(), "5.5,0\n6.5,3\n");
        Dataset other = open(Map.of(), "5.5,10\n6.5,9\n7.5,10\n")) {
      assertThat(zero.label(1)).isEqualTo(new Label.ClassIndex(3));
      assertThat(zero.classHistogram()).hasSize(4);
      assertThat(other.label(0)).isEqualTo(new Label.ClassIndex(1));
      assertThat(other.classHistogram()).isEqualTo(Map.of("9", 1L, "10", 2L));
    }
  }

  @Test
  void lastColumnOfFractions_isAFeatureUnlessDeclared() {
    String text = "1,2.5\n2,3.5\n";
    try (Dataset plain = open(Map.of(), text);
        Dataset declared = open(Map.of("label", "last"), text)) {
      assertThat(plain.schema().label()).isNull();
      assertThat(features(plain, 0)).containsExactly(1, 2.5f);
      assertThat(declared.label(1)).isEqualTo(new Label.Targets(new float[] {3.5f}));
    }
  }

  @Test
  void quotedFields_holdDelimitersQuotesAndLineEnds() {
    String text = "\"a,1\",\"label\"\r\n\"1\" ,\"x\"\"y\"\r\n2 ,\"p\nq\"\r\n";
    try (Dataset dataset = open(Map.of("csv", Map.of("header", true)), text)) {
      assertThat(dataset.classHistogram().keySet()).containsExactly("p\nq", "x\"y");
      assertThat(features(dataset, 1)).containsExactly(2);
    }
  }

  @Test
  void delimiterCommentsBlankLinesAndByteOrderMark_areRecognised() {
    String text = "\uFEFF# a comment\n\nx;y;target\n1,5;2;0.5\n\n2,5;3;1.5\n";
    assertThatThrownBy(() -> open(Map.of(), text))
        .hasMessage(
            "t.csv, line 4, column 0 (x): a feature must be a number; declare the label column, or"
                + " the fields' columns");
    try (Dataset dataset = open(Map.of(), text.replace("1,5", "1.5").replace("2,5", "2.5"))) {
      assertThat(features(dataset, 1)).containsExactly(2.5f, 3);
      assertThat(dataset.label(0)).isEqualTo(new Label.Targets(new float[] {0.5f}));
    }
  }

  @Test
  void fields_takeColumnsByNameIndexAndRange() {
    Map<String, Object> spec =
        Map.of(
            "label", List.of("u", "v"),
            "fields",
                List.of(
                    Map.of("name", "left", "columns", List.of("a", 2)),
                    Map.of("name", "image", "columns", "1-4", "shape", List.of(2, 2))));
    try (Dataset dataset = open(spec, "a,b,c,d,e,u,v\n1,2,3,4,5,0,1\n6,7,8,9,10,1,1\n")) {
      Sample sample = dataset.get(1);
      assertThat(sample.fields().get("left").toFloats()).containsExactly(6, 8);
      assertThat(sample.fields().get("image").toFloats()).containsExactly(7, 8, 9, 10);
      assertThat(dataset.schema().describe()).isEqualTo("left float[2], image float[2, 2]");
      assertThat(sample.label()).isEqualTo(new Label.Classes(new boolean[] {true, true}));
    }
  }

  @Test
  void missingValue_isRefusedUnlessAReplacementIsDeclared() {
    String text = "1,?,0\n,2,1\n";
    assertThatThrownBy(() -> open(Map.of(), text))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("line 2, column 0: the value is missing; declare csv.missing");
    try (Dataset dataset = open(Map.of("csv", Map.of("missing", -1)), text)) {
      assertThat(features(dataset, 0)).containsExactly(1, -1);
      assertThat(features(dataset, 1)).containsExactly(-1, 2);
    }
  }

  @Test
  void missingLabel_isRefused() {
    assertThatThrownBy(() -> open(Map.of(), "1,a\n2,\n"))
        .hasMessageContaining("t.csv, line 2, column 1: the label is missing");
  }

  @Test
  void raggedRow_isRefusedWithItsLine() {
    assertThatThrownBy(() -> open(Map.of(), "1,2,a\n\n3,b\n"))
        .hasMessage("t.csv, line 3: the row has 2 columns, the first one 3");
  }

  @Test
  void openQuote_isRefusedWithTheLineItBeganOn() {
    assertThatThrownBy(() -> open(Map.of(), "1,a\n2,\"b\n3,c\n"))
        .hasMessage("t.csv, line 2: a quote is not closed");
    assertThatThrownBy(() -> open(Map.of(), "1,a\n2,\"b\"c\n"))
        .hasMessage("t.csv, line 2, column 2: text follows a closing quote");
  }

  @Test
  void longLine_isRefused() {
    DataLimits limits = new DataLimits(10, 1 << 20, 100, 1000, 64, 1 << 20);
    assertThatThrownBy(() -> open(Map.of(), limits, "1,a\n2," + "b".repeat(100) + "\n"))
        .isInstanceOf(DataException.class)
        .extracting(e -> ((DataException) e).code())
        .isEqualTo(DataException.Code.LIMIT_EXCEEDED);
    assertThatThrownBy(() -> open(Map.of(), limits, "1,\"" + "\n".repeat(100) + "\"\n"))
        .hasMessageContaining("line 1: the row is longer than 64 characters");
  }

  @Test
  void emptyFile_isRefused() {
    assertThatThrownBy(() -> open(Map.of("format", "csv"), "# nothing\n"))
        .hasMessage("t.csv: the file holds no row");
    assertThatThrownBy(() -> open(Map.of("csv", Map.of("header", true)), "a,b\n"))
        .hasMessage("t.csv: the file holds no row of data");
  }

  @Test
  void unknownColumn_isRefusedWithThoseThereAre() {
    assertThatThrownBy(() -> open(Map.of("label", "kind"), "a,b\n1,2\n3,4\n"))
        .hasMessage("label: there is no column 'kind'; there are a, b");
    assertThatThrownBy(() -> open(Map.of("label", 7), "1,2\n3,4\n"))
        .hasMessage("label: there is no column '7'; there are 2 without names");
  }

  @Test
  void labelOutsideTheDeclaredClasses_isRefusedWithItsLine() {
    Map<String, Object> label = Map.of("column", "last", "classes", List.of("a", "b"));
    try (Dataset dataset = open(Map.of("label", label), "1,b\n2,a\n")) {
      assertThat(dataset.label(0)).isEqualTo(new Label.ClassIndex(1));
    }
    assertThatThrownBy(() -> open(Map.of("label", label), "1,b\n2,c\n"))
        .hasMessage("t.csv, line 2: the label 'c' is none of the declared classes");
  }

  @Test
  void numberLikeWordsOfJava_areText() {
    assertThatThrownBy(() -> open(Map.of("label", "none"), "1\n1f\n"))
        .hasMessageContaining("line 2, column 0: a feature must be a number");
    assertThatThrownBy(() -> open(Map.of("label", "none"), "1\nInfinity\n"))
        .hasMessageContaining("line 2");
  }
}
