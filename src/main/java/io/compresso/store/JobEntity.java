package io.compresso.store;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.hibernate.annotations.Immutable;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;

/** A job, as it is read; {@link Jobs} changes it. */
@Entity
@Immutable
@Table(name = "jobs")
public class JobEntity {
  @Id private UUID id;

  private String name;
  private String technique;

  @JdbcTypeCode(SqlTypes.JSON)
  private String spec;

  private String target;
  private String state;
  private @Nullable String stage;
  private double fraction;

  @Column(name = "eta_seconds")
  private @Nullable Long etaSeconds;

  private @Nullable String gate;
  private @Nullable String verdict;

  @JdbcTypeCode(SqlTypes.JSON)
  private @Nullable String error;

  @Column(name = "cancel_requested")
  private boolean cancelRequested;

  private long fence;
  private int attempts;
  private @Nullable String worker;

  @Column(name = "idempotency_key")
  private @Nullable String idempotencyKey;

  @Column(name = "request_hash")
  private String requestHash;

  @Column(name = "created_at")
  private Instant createdAt;

  @Column(name = "started_at")
  private @Nullable Instant startedAt;

  @Column(name = "finished_at")
  private @Nullable Instant finishedAt;

  @SuppressWarnings("NullAway.Init")
  protected JobEntity() {}

  public UUID id() {
    return id;
  }

  public String name() {
    return name;
  }

  public String technique() {
    return technique;
  }

  public String spec() {
    return spec;
  }

  public String target() {
    return target;
  }

  public JobState state() {
    return JobState.ofWire(state);
  }

  public @Nullable String stage() {
    return stage;
  }

  public double fraction() {
    return fraction;
  }

  public @Nullable Long etaSeconds() {
    return etaSeconds;
  }

  public @Nullable String gate() {
    return gate;
  }

  public @Nullable String verdict() {
    return verdict;
  }

  public @Nullable String error() {
    return error;
  }

  public boolean cancelRequested() {
    return cancelRequested;
  }

  public long fence() {
    return fence;
  }

  public int attempts() {
    return attempts;
  }

  public @Nullable String worker() {
    return worker;
  }

  public @Nullable String idempotencyKey() {
    return idempotencyKey;
  }

  public String requestHash() {
    return requestHash;
  }

  public Instant createdAt() {
    return createdAt;
  }

  public @Nullable Instant startedAt() {
    return startedAt;
  }

  public @Nullable Instant finishedAt() {
    return finishedAt;
  }
}
