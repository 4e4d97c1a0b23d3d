package io.compresso.store;

import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Whether content can be stored. */
final class BlobStoreHealth extends AbstractHealthIndicator {
  private static final long LEAST_BYTES = 64L << 20;

  private final Path folder;

  BlobStoreHealth(Path folder) {
    this.folder = folder;
  }

  @Override
  protected void doHealthCheck(Health.Builder builder) throws Exception {
    long free = Files.getFileStore(folder).getUsableSpace();
    boolean usable = Files.isWritable(folder) && free >= LEAST_BYTES;
    (usable ? builder.up() : builder.down())
        .withDetail("folder", folder.toString())
        .withDetail("freeBytes", free);
  }
}
