package io.compresso.compress;

import io.compresso.store.BlobStore;
import io.compresso.store.Blobs;
import io.compresso.store.Cursors;
import io.compresso.store.ModelEntity;
import io.compresso.store.ModelRepository;
import io.compresso.store.Page;
import io.compresso.store.ProblemException;
import io.compresso.store.References;
import io.compresso.store.StagedBlob;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;
import org.springframework.transaction.support.TransactionTemplate;

/** Uploads, lists, gives back and deletes models. */
@Service
public class ModelService {
  private final ModelRepository models;
  private final BlobStore store;
  private final Blobs blobs;
  private final References references;
  private final ModelReader reader;
  private final TransactionTemplate transactions;

  public ModelService(
      ModelRepository models,
      BlobStore store,
      Blobs blobs,
      References references,
      ModelReader reader,
      TransactionTemplate transactions) {
    this.models = models;
    this.store = store;
    this.blobs = blobs;
    this.references = references;
    this.reader = reader;
    this.transactions = transactions;
  }

  /**
   * Reads a model to the stream's end, checks it, and stores it. Needs memory for the model's
   * graph, not for its weights.
   *
   * @param in an ONNX file, or a tar or zip archive of one and its external data
   * @throws ProblemException when it is not a sound model; nothing is stored then
   */
  public ModelInfo upload(InputStream in, String name) throws IOException {
    Names.check(name);
    try (StagedBlob staged = store.stage(in, reader.maxBytes())) {
      ModelReader.Reading reading = reader.read(staged.file());
      ModelEntity model =
          new ModelEntity(name, staged, reading.format(), Json.write(reading.summary()));
      transactions.executeWithoutResult(_ -> {
        blobs.put(staged);
        models.save(model);
      });
      return info(model);
    }
  }

  public ModelInfo get(UUID id) {
    return info(entity(id));
  }

  /** Models, newest first, from a cursor on. */
  public Page<ModelInfo> list(@Nullable String cursor, int limit) {
    Limit rows = Limit.of(limit + 1);
    UUID before = Cursors.id(cursor);
    List<ModelEntity> found =
        before == null
            ? models.findAllByOrderByIdDesc(rows)
            : models.findByIdLessThanOrderByIdDesc(before, rows);
    return Page.of(
        found,
        limit,
        ModelService::info,
        model -> Objects.requireNonNull(model.getId()).toString());
  }

  /**
   * Deletes a model. Its content goes later, unless another row has the same.
   *
   * @throws ProblemException when a job or another model refers to it
   */
  public void delete(UUID id) {
    references.deleteModel(id);
  }

  /** The file as it was stored. */
  public Content content(UUID id) {
    ModelEntity model = entity(id);
    return new Content(
        Names.fileName(model.name(), extension(model)),
        "application/octet-stream",
        model.sha256(),
        model.size(),
        store);
  }

  private String extension(ModelEntity model) {
    if (model.format().equals("onnx")) {
      return ".onnx";
    }
    try {
      return FileKind.of(store.local(model.sha256())).extension();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  ModelEntity entity(UUID id) {
    return models.findById(id).orElseThrow(() -> ProblemException.notFound("model", id));
  }

  static ModelInfo info(ModelEntity model) {
    return new ModelInfo(
        model.getId(),
        model.name(),
        model.sha256(),
        model.size(),
        model.format(),
        Json.read(model.info(), ModelSummary.class),
        model.parentId(),
        model.jobId(),
        model.createdAt());
  }
}
