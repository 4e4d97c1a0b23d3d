package io.compresso.store;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Collects content that nothing refers to any more, from time to time. */
@Component
@EnableScheduling
class BlobSweeper {
  private static final Logger LOG = LoggerFactory.getLogger(BlobSweeper.class);

  private final Blobs blobs;
  private final StoreProperties properties;

  BlobSweeper(Blobs blobs, StoreProperties properties) {
    this.blobs = blobs;
    this.properties = properties;
  }

  @Scheduled(initialDelayString = "10s", fixedDelayString = "${compresso.sweep-interval:1h}")
  void sweep() throws IOException {
    int removed = blobs.sweep(properties.sweepGrace());
    if (removed > 0) {
      LOG.info("removed {} files that nothing referred to", removed);
    }
  }
}
