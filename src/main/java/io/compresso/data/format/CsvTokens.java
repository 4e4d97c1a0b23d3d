package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.FieldSpec;
import io.compresso.data.TextSpec;
import io.compresso.data.archive.Archive;
import io.compresso.data.archive.Entry;
import io.compresso.data.archive.Spool;
import io.compresso.data.text.TextTokenizer;
import io.compresso.data.text.TextTokenizer.Tokens;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A column of text as the tokens of a vocabulary that lies in the upload beside the table. */
final class CsvTokens implements AutoCloseable {
  private static final int MOST_VOCABULARY_BYTES = 64 << 20;
  private static final Map<String, Function<Tokens, long[]>> PARTS = parts();

  private final CsvTable table;
  private final TextSpec spec;
  private final TextTokenizer tokenizer;

  private static Map<String, Function<Tokens, long[]>> parts() {
    Map<String, Function<Tokens, long[]>> parts = new LinkedHashMap<>();
    parts.put("input_ids", Tokens::ids);
    parts.put("attention_mask", Tokens::mask);
    parts.put("token_type_ids", Tokens::types);
    return parts;
  }

  /**
   * Reads the vocabulary.
   *
   * @throws DataException if it is not there, too large or not one
   */
  CsvTokens(CsvTable table, TextSpec spec, Archive archive, Spool spool) throws IOException {
    this.table = table;
    this.spec = spec;
    Entry vocabulary = vocabulary(archive, spec);
    this.tokenizer =
        new TextTokenizer(spec, spool.contentHead(archive, vocabulary, MOST_VOCABULARY_BYTES));
  }

  /** Whether the entry is the vocabulary that is declared, by its path or its last segment. */
  static boolean isVocabulary(TextSpec text, Entry entry) {
    return entry.name().equals(text.vocabulary()) || entry.baseName().equals(text.vocabulary());
  }

  private static Entry vocabulary(Archive archive, TextSpec text) {
    for (Entry candidate : archive.entries()) {
      if (isVocabulary(text, candidate)) {
        if (candidate.size() >= MOST_VOCABULARY_BYTES) {
          throw new DataException(
              Code.LIMIT_EXCEEDED,
              "entry '" + candidate.name() + "'",
              "a vocabulary may have %d bytes at most".formatted(MOST_VOCABULARY_BYTES));
        }
        return candidate;
      }
    }
    throw new DataException(
        Code.INVALID_SPEC,
        "text.vocabulary",
        "there is no file '%s' in the upload; put it into the archive beside the table"
            .formatted(text.vocabulary()));
  }

  /** The fields of text where none are declared: each part of the tokens. */
  static List<FieldSpec> defaultFields() {
    return PARTS.keySet().stream()
        .map(name -> new FieldSpec(name, List.of(name), null, null))
        .toList();
  }

  /**
   * What to write for each field.
   *
   * @throws DataException if a field names no part of the tokens, or the text's column is none
   */
  List<CsvWriter.Output> outputs(List<FieldSpec> fields) {
    List<Integer> columns = table.resolve(spec.column(), "text.column");
    if (columns.size() != 1) {
      throw new DataException(Code.INVALID_SPEC, "text.column", "must be one column");
    }
    List<CsvWriter.Output> outputs = new ArrayList<>();
    for (FieldSpec field : fields) {
      String source = field.sources().size() == 1 ? field.sources().getFirst() : field.name();
      Function<Tokens, long[]> part = PARTS.get(source);
      if (part == null) {
        throw new DataException(
            Code.INVALID_SPEC,
            "field '" + field.name() + "'",
            "name as source what of the text it takes: one of " + PARTS.keySet());
      }
      outputs.add(
          CsvWriter.Output.text(
              field.name(),
              columns.getFirst(),
              spec.maxLength(),
              value -> part.apply(tokenizer.tokens(value))));
    }
    return outputs;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
