package io.compresso.store;

import tools.jackson.core.SerializableString;
import tools.jackson.core.io.CharacterEscapes;
import tools.jackson.core.io.SerializedString;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;

/** JSON that PostgreSQL takes: its {@code jsonb} has no U+0000, which becomes U+FFFD. */
public final class StoredJson {
  private StoredJson() {}

  /** Reads and writes such JSON. */
  public static JsonMapper mapper() {
    return JsonMapper.builder(JsonFactory.builder().characterEscapes(new WithoutNul()).build())
        .build();
  }

  private static final class WithoutNul extends CharacterEscapes {
    private static final long serialVersionUID = 1L;
    private static final int NUL = 0;

    @Override
    public int[] getEscapeCodesForAscii() {
      int[] codes = standardAsciiEscapesForJSON();
      codes[NUL] = ESCAPE_CUSTOM;
      return codes;
    }

    @Override
    public SerializableString getEscapeSequence(int character) {
      return new SerializedString("\\ufffd");
    }
  }
}
