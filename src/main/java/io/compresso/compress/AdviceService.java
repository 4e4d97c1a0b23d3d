package io.compresso.compress;

import io.compresso.data.DatasetSchema;
import io.compresso.evaluate.Target;
import io.compresso.store.BlobStore;
import io.compresso.store.DatasetEntity;
import io.compresso.store.DatasetRepository;
import io.compresso.store.ModelEntity;
import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import io.compresso.technique.Advisor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;

/** Says what to try first on a model. */
@Service
public class AdviceService {
  /** The target that stands for this host. */
  public static final String THIS_HOST = Target.AUTO;

  /** Data sets that are looked at, the newest first, when none is named. */
  private static final int MOST_DATASETS = 100;

  private final ModelService models;
  private final DatasetRepository datasets;
  private final BlobStore store;
  private final ModelReader reader;

  public AdviceService(
      ModelService models, DatasetRepository datasets, BlobStore store, ModelReader reader) {
    this.models = models;
    this.datasets = datasets;
    this.store = store;
    this.reader = reader;
  }

  /**
   * Advice on a model.
   *
   * @param target a level of instruction sets, or {@code auto} for this host
   * @param dataset the data that a job would use; null for whichever fits of those that are there
   * @throws ProblemException when one of them does not exist
   */
  public AdviceInfo advise(UUID modelId, String target, @Nullable UUID dataset) {
    if (!target.equals(Target.AUTO) && !Target.known().contains(target)) {
      throw ProblemException.invalid(
          Problem.of("unknown-target", "there is no target '" + target + "'")
              .atField("/target")
              .withHint("one of %s, %s".formatted(Target.AUTO, String.join(", ", Target.known()))));
    }
    ModelEntity model = models.entity(modelId);
    List<DatasetSchema> schemas = schemas(dataset);
    try {
      return reader.with(
          store.local(model.sha256()),
          graph -> AdviceInfo.of(Advisor.advise(graph, Advisor.Facts.of(graph, schemas), target)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<DatasetSchema> schemas(@Nullable UUID dataset) {
    List<DatasetEntity> found =
        dataset == null
            ? datasets.findAllByOrderByIdDesc(Limit.of(MOST_DATASETS))
            : List.of(
                datasets
                    .findById(dataset)
                    .orElseThrow(() -> ProblemException.notFound("dataset", dataset)));
    return found.stream()
        .map(entity -> Json.read(entity.info(), DatasetReader.Summary.class).schema())
        .toList();
  }
}
