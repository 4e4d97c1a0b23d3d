package io.compresso.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class StoredJsonTest {
  private final JsonMapper mapper = StoredJson.mapper();

  @Test
  void nul_becomesTheReplacementCharacter_inNamesAndValues() {
    String json = mapper.writeValueAsString(Map.of("a\u0000", List.of("\u0000b", "\\u0000", "\t")));
    assertThat(json).isEqualTo("{\"a\\ufffd\":[\"\\ufffdb\",\"\\\\u0000\",\"\\t\"]}");
    assertThat(mapper.readTree(json).path("a\ufffd").get(0).asString()).isEqualTo("\ufffdb");
    assertThat(mapper.readTree(json).path("a\ufffd").get(1).asString()).isEqualTo("\\u0000");
  }

  @Test
  void nul_inATreeIsReplacedToo() {
    assertThat(mapper.writeValueAsString(mapper.valueToTree(Map.of("k", "\u0000"))))
        .isEqualTo("{\"k\":\"\\ufffd\"}");
  }
}
