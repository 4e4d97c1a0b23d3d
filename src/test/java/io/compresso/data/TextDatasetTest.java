package io.compresso.data;

import static io.compresso.data.TestArchives.entries;
import static io.compresso.data.TestArchives.file;
import static io.compresso.data.TestArchives.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextDatasetTest {
  private static final String VOCABULARY =
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\nworld\n##ly\n,\n.\nun\n##aff\n##able\n\"\n";
  private static final String TABLE = "Hello, worldly world.\t1\nunaffable \"caf\u00e9\t0\n";

  /** Byte-level BPE: {@code ab} is one token, {@code c} another. */
  private static final String BPE =
      """
      {"version": "1.0", "added_tokens": [], "normalizer": null,
       "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
       "model": {"type": "BPE", "unk_token": "?", "vocab": {"?": 0, "a": 1, "b": 2, "c": 3, "ab": 4},
                 "merges": ["a b"]}}
      """;

  @TempDir Path folder;

  private Dataset open(
      Map<String, ?> spec, String vocabularyName, String vocabulary, String table) {
    byte[] archive =
        tar(
            entries(
                "data/sst.tsv",
                table.getBytes(StandardCharsets.UTF_8),
                "data/" + vocabularyName,
                vocabulary.getBytes(StandardCharsets.UTF_8)));
    return Datasets.open(
        List.of(file(folder, "d", archive)), DatasetSpec.of(spec), DataLimits.DEFAULT, folder);
  }

  private Dataset wordPiece(Map<String, ?> text, String table) {
    return open(Map.of("text", text), "vocab.txt", VOCABULARY, table);
  }

  @Test
  void text_becomesWordPiecesBetweenClsAndSep() {
    try (Dataset dataset = wordPiece(Map.of("vocabulary", "vocab.txt", "maxLength", 10), TABLE)) {
      assertThat(dataset.schema().describe())
          .isEqualTo("input_ids int64[10], attention_mask int64[10], token_type_ids int64[10]");
      Map<String, Tensor> fields = dataset.get(0).fields();
      assertThat(longs(fields.get("input_ids"))).containsExactly(2, 4, 7, 5, 6, 5, 8, 3, 0, 0);
      assertThat(longs(fields.get("attention_mask"))).containsExactly(1, 1, 1, 1, 1, 1, 1, 1, 0, 0);
      assertThat(longs(fields.get("token_type_ids"))).containsOnly(0);
      assertThat(longs(dataset.get(1).fields().get("input_ids")))
          .containsExactly(2, 9, 10, 11, 12, 1, 3, 0, 0, 0);
      assertThat(dataset.label(0)).isEqualTo(new Label.ClassIndex(1));
      assertThat(dataset.classHistogram()).isEqualTo(Map.of("0", 1L, "1", 1L));
    }
  }

  @Test
  void longText_isCutBeforeTheLastSpecialToken() {
    try (Dataset dataset = wordPiece(Map.of("vocabulary", "vocab.txt", "maxLength", 4), TABLE)) {
      assertThat(longs(dataset.get(0).fields().get("input_ids"))).containsExactly(2, 4, 7, 3);
    }
  }

  @Test
  void upperCase_isKeptWhenDeclared() {
    try (Dataset dataset =
        wordPiece(Map.of("vocabulary", "vocab.txt", "maxLength", 4, "lowercase", false), TABLE)) {
      assertThat(longs(dataset.get(0).fields().get("input_ids"))).containsExactly(2, 1, 7, 3);
    }
  }

  @Test
  void fields_areNamedAndTypedAsDeclared() {
    Map<String, Object> spec =
        Map.of(
            "text",
            Map.of("column", "sentence", "vocabulary", "vocab.txt", "maxLength", 6),
            "fields",
            List.of(Map.of("name", "ids", "source", "input_ids", "dtype", "int32")));
    String table = "id\tsentence\tlabel\n7\thello\tgood\n";
    try (Dataset dataset = open(spec, "vocab.txt", VOCABULARY, table)) {
      Tensor ids = dataset.get(0).fields().get("ids");
      assertThat(ids.dtype()).isEqualTo(DType.INT32);
      assertThat(longs(ids)).containsExactly(2, 4, 3, 0, 0, 0);
    }
  }

  @Test
  void tokenizerJson_isReadOfAnyModel() {
    Map<String, Object> text = Map.of("vocabulary", "tokenizer.json", "maxLength", 4);
    try (Dataset dataset =
        open(Map.of("text", text, "label", "none"), "tokenizer.json", BPE, "abc ab\tx\n")) {
      assertThat(longs(dataset.get(0).fields().get("input_ids"))).containsExactly(4, 3, 4, 0);
      assertThat(longs(dataset.get(0).fields().get("attention_mask"))).containsExactly(1, 1, 1, 0);
    }
  }

  @Test
  void wrongVocabulary_isRefused() {
    assertThatThrownBy(() -> wordPiece(Map.of("vocabulary", "other.txt"), TABLE))
        .hasMessageStartingWith("text.vocabulary: there is no file 'other.txt' in the upload");
    assertThatThrownBy(
            () -> open(Map.of("text", Map.of("vocabulary", "v.txt")), "v.txt", "a\nb\n", TABLE))
        .hasMessage("entry 'v.txt': the vocabulary has no token [UNK]");
    assertThatThrownBy(
            () -> open(Map.of("text", Map.of("vocabulary", "t.json")), "t.json", "{\"a\":", TABLE))
        .hasMessageStartingWith("entry 't.json': the tokenizer cannot be read");
    assertThatThrownBy(() -> DatasetSpec.of(Map.of("text", Map.of())))
        .hasMessageStartingWith("text.vocabulary: is missing");
  }

  private static long[] longs(Tensor tensor) {
    long[] values = new long[(int) tensor.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = tensor.getLong(i);
    }
    return values;
  }
}
