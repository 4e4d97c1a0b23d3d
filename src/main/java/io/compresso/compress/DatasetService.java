package io.compresso.compress;

import io.compresso.store.BlobStore;
import io.compresso.store.Blobs;
import io.compresso.store.Cursors;
import io.compresso.store.DatasetEntity;
import io.compresso.store.DatasetRepository;
import io.compresso.store.Page;
import io.compresso.store.ProblemException;
import io.compresso.store.References;
import io.compresso.store.StagedBlob;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.JsonNode;

/** Uploads, lists, gives back and deletes data sets. */
@Service
public class DatasetService {
  private final DatasetRepository datasets;
  private final BlobStore store;
  private final Blobs blobs;
  private final References references;
  private final DatasetReader reader;
  private final TransactionTemplate transactions;

  public DatasetService(
      DatasetRepository datasets,
      BlobStore store,
      Blobs blobs,
      References references,
      DatasetReader reader,
      TransactionTemplate transactions) {
    this.datasets = datasets;
    this.store = store;
    this.blobs = blobs;
    this.references = references;
    this.reader = reader;
    this.transactions = transactions;
  }

  /**
   * Reads a data set to the stream's end, checks it against its spec, and stores it, in constant
   * memory.
   *
   * @param in the data: one file, or a tar or zip archive
   * @param spec how the data is read
   * @throws ProblemException when the spec or the data is wrong; nothing is stored then
   */
  public DatasetInfo upload(InputStream in, String name, JsonNode spec) throws IOException {
    Names.check(name);
    DatasetReader.Plan plan = reader.plan(spec);
    try (StagedBlob staged = store.stage(in, reader.maxBytes())) {
      DatasetReader.Summary summary = reader.read(plan, name, staged.file());
      DatasetEntity dataset =
          new DatasetEntity(name, staged, Json.write(plan.json()), Json.write(summary));
      transactions.executeWithoutResult(_ -> {
        blobs.put(staged);
        datasets.save(dataset);
      });
      return info(dataset);
    }
  }

  public DatasetInfo get(UUID id) {
    return info(entity(id));
  }

  /** Data sets, newest first, from a cursor on. */
  public Page<DatasetInfo> list(@Nullable String cursor, int limit) {
    Limit rows = Limit.of(limit + 1);
    UUID before = Cursors.id(cursor);
    List<DatasetEntity> found =
        before == null
            ? datasets.findAllByOrderByIdDesc(rows)
            : datasets.findByIdLessThanOrderByIdDesc(before, rows);
    return Page.of(found, limit, DatasetService::info, dataset -> dataset.getId().toString());
  }

  /**
   * Deletes a data set. Its content goes later, unless another row has the same.
   *
   * @throws ProblemException when a job refers to it
   */
  public void delete(UUID id) {
    references.deleteDataset(id);
  }

  /** The archive as it was uploaded. */
  public Content content(UUID id) {
    DatasetEntity dataset = entity(id);
    return new Content(
        Names.fileName(dataset.name(), extension(dataset)),
        "application/octet-stream",
        dataset.sha256(),
        dataset.size(),
        store);
  }

  private String extension(DatasetEntity dataset) {
    try {
      return FileKind.of(store.local(dataset.sha256())).extension();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  DatasetEntity entity(UUID id) {
    return datasets.findById(id).orElseThrow(() -> ProblemException.notFound("dataset", id));
  }

  static DatasetInfo info(DatasetEntity dataset) {
    DatasetReader.Summary summary = Json.read(dataset.info(), DatasetReader.Summary.class);
    return new DatasetInfo(
        dataset.getId(),
        dataset.name(),
        dataset.sha256(),
        dataset.size(),
        Json.tree(dataset.spec()),
        summary.examples(),
        summary.fields(),
        summary.classes(),
        dataset.createdAt());
  }
}
