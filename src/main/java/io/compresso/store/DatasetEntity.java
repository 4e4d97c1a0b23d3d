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
import org.springframework.data.domain.Persistable;

/** A stored data set. Never changes. */
@Entity
@Immutable
@Table(name = "datasets")
public class DatasetEntity implements Persistable<UUID> {
  @Id private UUID id;

  private String name;
  private String sha256;
  private long size;

  @JdbcTypeCode(SqlTypes.JSON)
  private String spec;

  @JdbcTypeCode(SqlTypes.JSON)
  private String info;

  @Column(name = "created_at")
  private Instant createdAt;

  @SuppressWarnings("NullAway.Init")
  protected DatasetEntity() {}

  /** A data set that was uploaded; {@code spec} and {@code info} are JSON objects. */
  public DatasetEntity(String name, StagedBlob blob, String spec, String info) {
    this.id = Ids.next();
    this.name = name;
    this.sha256 = blob.sha256();
    this.size = blob.size();
    this.spec = spec;
    this.info = info;
    this.createdAt = Instant.now().truncatedTo(ChronoUnit.MICROS);
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

  public String spec() {
    return spec;
  }

  public String info() {
    return info;
  }

  public Instant createdAt() {
    return createdAt;
  }
}
