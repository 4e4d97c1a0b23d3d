package io.compresso.data.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.TextSpec;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Splits text into tokens of a vocabulary, by the Hugging Face tokenizers. */
public final class TextTokenizer implements AutoCloseable {
  private static final List<String> SPECIAL = List.of("[UNK]", "[CLS]", "[SEP]", "[PAD]");

  static {
    // The library reports its use to its maker and looks for files on the network otherwise.
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("ai.djl.offline", "true");
  }

  private final HuggingFaceTokenizer tokenizer;
  private final int length;
  private String last = "";
  private Tokens lastTokens;

  /** What a text is split into, each of the declared length. */
  public record Tokens(long[] ids, long[] mask, long[] types) {}

  /**
   * Reads a vocabulary.
   *
   * @throws DataException if it is not one
   */
  public TextTokenizer(TextSpec spec, byte[] vocabulary) {
    this.length = spec.maxLength();
    boolean json = spec.vocabulary().toLowerCase(Locale.ROOT).endsWith(".json");
    byte[] description = json ? vocabulary : wordPiece(spec, vocabulary);
    Map<String, String> options =
        Map.of(
            "maxLength",
            Integer.toString(length),
            "padding",
            "MAX_LENGTH",
            "truncation",
            "LONGEST_FIRST",
            "modelMaxLength",
            Integer.toString(length));
    try {
      this.tokenizer =
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(description), options);
    } catch (IOException | RuntimeException e) {
      throw malformed(spec, "the tokenizer cannot be read: " + e.getMessage());
    }
    this.lastTokens = encode("");
  }

  private static DataException malformed(TextSpec spec, String message) {
    return new DataException(Code.MALFORMED, "entry '" + spec.vocabulary() + "'", message);
  }

  /** The description of BERT's tokenizer (Devlin et al., 2018) with the given tokens. */
  private static byte[] wordPiece(TextSpec spec, byte[] vocabulary) {
    List<String> tokens =
        new String(vocabulary, StandardCharsets.UTF_8).lines().map(String::strip).toList();
    for (String special : SPECIAL) {
      if (!tokens.contains(special)) {
        throw malformed(spec, "the vocabulary has no token " + special);
      }
    }
    StringBuilder entries = new StringBuilder();
    for (int id = 0; id < tokens.size(); id++) {
      entries.append(id == 0 ? "" : ",").append(quoted(tokens.get(id))).append(':').append(id);
    }
    return """
    {"version": "1.0",
     "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                    "strip_accents": null, "lowercase": %b},
     "pre_tokenizer": {"type": "BertPreTokenizer"},
     "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", %d], "cls": ["[CLS]", %d]},
     "added_tokens": [{"id": %d, "content": "[PAD]", "single_word": false, "lstrip": false,
                       "rstrip": false, "normalized": false, "special": true}],
     "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
               "max_input_chars_per_word": 100, "vocab": {%s}}}
    """
        .formatted(
            spec.lowercase(),
            tokens.indexOf("[SEP]"),
            tokens.indexOf("[CLS]"),
            tokens.indexOf("[PAD]"),
            entries)
        .getBytes(StandardCharsets.UTF_8);
  }

  private static String quoted(String text) {
    StringBuilder result = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\' || c < ' ') {
        result.append("\\u%04x".formatted((int) c));
      } else {
        result.append(c);
      }
    }
    return result.append('"').toString();
  }

  /** The tokens of a text; the last text's are kept. */
  public Tokens tokens(String text) {
    if (!text.equals(last)) {
      lastTokens = encode(text);
      last = text;
    }
    return lastTokens;
  }

  private Tokens encode(String text) {
    Encoding encoding = tokenizer.encode(text);
    if (encoding.getIds().length != length) {
      throw new IllegalStateException(encoding.getIds().length + " tokens, not " + length);
    }
    return new Tokens(encoding.getIds(), encoding.getAttentionMask(), encoding.getTypeIds());
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
