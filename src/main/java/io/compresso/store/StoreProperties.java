package io.compresso.store;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Where things are kept.
 *
 * @param home the folder of all that has no place of its own
 * @param blobs the folder of models and data sets; {@code blobs} in the home by default
 * @param postgresBinaries where the PostgreSQL that the program brings is unpacked
 * @param sweepGrace age below which content that nothing refers to is left alone
 */
@ConfigurationProperties("compresso")
public record StoreProperties(
    Path home,
    @Nullable Path blobs,
    @Nullable Path postgresBinaries,
    @DefaultValue("1h") Duration sweepGrace) {
  public StoreProperties {
    home = home.toAbsolutePath().normalize();
  }

  Path blobFolder() {
    return blobs == null ? home.resolve("blobs") : blobs;
  }

  Path binariesFolder() {
    return postgresBinaries == null
        ? home.resolve("postgres").resolve("programs")
        : postgresBinaries;
  }
}
