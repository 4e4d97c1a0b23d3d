package io.compresso.data;

import static java.util.Objects.requireNonNullElse;

/**
 * How a column of text becomes token ids, the attention mask and token type ids, 64-bit integers of
 * {@code [maxLength]} each: cut or padded to the length, with the tokenizer's special tokens.
 *
 * @param column by name, or index from 0
 * @param vocabulary the upload's file that says how text is split: a {@code tokenizer.json} of the
 *     Hugging Face tokenizers, of WordPiece, BPE or Unigram, or BERT's {@code vocab.txt}, a
 *     WordPiece token a line
 * @param lowercase for {@code vocab.txt}, whether text is in lower case without accents
 */
public record TextSpec(String column, String vocabulary, int maxLength, boolean lowercase) {
  private static final int MOST_TOKENS = 1 << 16;

  public TextSpec {
    if (maxLength < 1 || maxLength > MOST_TOKENS) {
      throw SpecReader.invalid("text.maxLength", "must be in 1.." + MOST_TOKENS);
    }
  }

  static TextSpec of(SpecReader spec) {
    String vocabulary = spec.string("vocabulary");
    if (vocabulary == null) {
      throw SpecReader.invalid(
          spec.path("vocabulary"), "is missing: name the upload's tokenizer.json or vocab.txt");
    }
    Long length = spec.whole("maxLength", 1);
    TextSpec text =
        new TextSpec(
            requireNonNullElse(spec.string("column"), "0"),
            vocabulary,
            length == null ? 128 : (int) Math.min(length, Integer.MAX_VALUE),
            requireNonNullElse(spec.flag("lowercase"), true));
    spec.end();
    return text;
  }
}
