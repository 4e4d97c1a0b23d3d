package io.compresso.store;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import org.hibernate.annotations.Immutable;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Persistable;

/** A stored model. Never changes. */
@Entity
@Immutable
@Table(name = "models")
public class ModelEntity implements Persistable<UUID> {
  @Id private UUID id;

  private String name;
  private String sha256;
  private long size;
  private String format;

  @JdbcTypeCode(SqlTypes.JSON)
  private String info;

  @Column(name = "parent_id")
  private @Nullable UUID parentId;

  @Column(name = "job_id")
  private @Nullable UUID jobId;

  @Column(name = "created_at")
  private Instant createdAt;

  @SuppressWarnings("NullAway.Init")
  protected ModelEntity() {}

  /** A model that was uploaded; {@code info} is a JSON object. */
  public ModelEntity(String name, StagedBlob blob, String format, String info) {
    this.id = Ids.next();
    this.name = name;
    this.sha256 = blob.sha256();
    this.size = blob.size();
    this.format = format;
    this.info = info;
    this.createdAt = Instant.now().truncatedTo(ChronoUnit.MICROS);
  }

  /** Says which job made it, from which model. */
  public ModelEntity madeBy(UUID job, UUID parent) {
    this.jobId = job;
    this.parentId = parent;
    return this;
  }

  @Override
  public UUID getId() {
    return id;
  }

  @Override
  public boolean isNew() {
    return true;
  }

  public String name() {
    return name;
  }

  public String sha256() {
    return sha256;
  }

  public long size() {
    return size;
  }

  public String format() {
    return format;
  }

  public String info() {
    return info;
  }

  public @Nullable UUID parentId() {
    return parentId;
  }

  public @Nullable UUID jobId() {
    return jobId;
  }

  public Instant createdAt() {
    return createdAt;
  }
}
