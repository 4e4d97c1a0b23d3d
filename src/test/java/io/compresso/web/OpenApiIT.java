package io.compresso.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Holds {@code openapi.yaml} to what the code serves. */
class OpenApiIT {
  private static final Path CONTRACT = Path.of("openapi.yaml");

  @Test
  void contract_equalsWhatTheCodeServes() throws Exception {
    TestServer.Answer served = TestServer.get().get("/v1/openapi.yaml");
    assertThat(served.status()).as(served.text()).isEqualTo(200);
    String document = served.text().replaceAll("(?m)[ \t]+$", "");
    if (Boolean.getBoolean("golden.regenerate")) {
      Files.writeString(CONTRACT, document);
    }
    assertThat(Files.readString(CONTRACT))
        .as("openapi.yaml; -Dgolden.regenerate=true writes it anew")
        .isEqualToNormalizingNewlines(document);
  }
}
