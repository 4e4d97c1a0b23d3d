package io.compresso.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Keeps the blob store and the table of blobs together.
 *
 * <p>Storing and collecting one digest exclude each other by a transaction's advisory lock, on any
 * number of servers: content is never removed under a row that refers to it.
 */
@Component
public class Blobs {
  private final BlobStore store;
  private final JdbcClient jdbc;
  private final TransactionTemplate transactions;

  public Blobs(BlobStore store, JdbcClient jdbc, TransactionTemplate transactions) {
    this.store = store;
    this.jdbc = jdbc;
    this.transactions = transactions;
  }

  /** Stores content and its row in the running transaction, in which a reference must follow. */
  @Transactional(propagation = Propagation.MANDATORY)
  public void put(StagedBlob blob) {
    lock(blob.sha256());
    try {
      store.put(blob);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    jdbc.sql("insert into blobs (sha256, size) values (?, ?) on conflict (sha256) do nothing")
        .params(blob.sha256(), blob.size())
        .update();
  }

  /**
   * Removes what nothing refers to: rows without a reference, and files without a row.
   *
   * @param grace age below which content is left alone
   * @return the number of blobs removed
   */
  public int sweep(Duration grace) throws IOException {
    Instant before = Instant.now().minus(grace);
    List<String> candidates =
        new ArrayList<>(
            jdbc.sql(
                    """
                    select sha256 from blobs b where created_at < ?
                    and not exists (select 1 from models m where m.sha256 = b.sha256)
                    and not exists (select 1 from datasets d where d.sha256 = b.sha256)
                    """)
                .param(java.sql.Timestamp.from(before))
                .query(String.class)
                .list());
    try (Stream<BlobStore.Entry> entries = store.list()) {
      entries
          .filter(entry -> entry.modifiedAt().isBefore(before))
          .map(BlobStore.Entry::sha256)
          .filter(sha256 -> !hasRow(sha256))
          .forEach(candidates::add);
    }
    int removed = 0;
    for (String sha256 : candidates) {
      removed += Boolean.TRUE.equals(transactions.execute(_ -> collect(sha256))) ? 1 : 0;
    }
    return removed + store.sweepStaged();
  }

  private boolean collect(String sha256) {
    lock(sha256);
    boolean referenced =
        jdbc.sql(
                "select exists (select 1 from models where sha256 = :sha256)"
                    + " or exists (select 1 from datasets where sha256 = :sha256)")
            .param("sha256", sha256)
            .query(Boolean.class)
            .single();
    if (referenced) {
      return false;
    }
    jdbc.sql("delete from blobs where sha256 = ?").param(sha256).update();
    try {
      store.delete(sha256);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return true;
  }

  private boolean hasRow(String sha256) {
    return jdbc.sql("select exists (select 1 from blobs where sha256 = ?)")
        .param(sha256)
        .query(Boolean.class)
        .single();
  }

  private void lock(String sha256) {
    jdbc.sql("select pg_advisory_xact_lock(('x' || left(?, 16))::bit(64)::bigint)")
        .param(sha256)
        .query((_, _) -> true)
        .single();
  }
}
