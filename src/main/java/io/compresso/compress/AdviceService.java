package io.compresso.compress;

import io.compresso.data.DatasetSchema;
import io.compresso.evaluate.Target;
import io.compresso.store.BlobStore;
import io.compresso.store.DatasetEntity;
import io.compresso.store.DatasetRepository;
import io.compresso.store.Jobs;
import io.compresso.store.ModelEntity;
import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import io.compresso.technique.Advice;
import io.compresso.technique.Advisor;
import io.compresso.technique.Report;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
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

  /** Jobs whose measurements are held against their estimates, the newest first. */
  private static final int MOST_JOBS = 20;

  private final ModelService models;
  private final DatasetRepository datasets;
  private final BlobStore store;
  private final ModelReader reader;
  private final Jobs jobs;

  public AdviceService(
      ModelService models,
      DatasetRepository datasets,
      BlobStore store,
      ModelReader reader,
      Jobs jobs) {
    this.models = models;
    this.datasets = datasets;
    this.store = store;
    this.reader = reader;
    this.jobs = jobs;
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
      Advice advice =
          reader.with(
              store.local(model.sha256()),
              graph -> Advisor.advise(graph, Advisor.Facts.of(graph, schemas), target));
      return AdviceInfo.of(advice, outcomes(modelId, advice.target()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What jobs on the model measured of earlier estimates for the target, the newest first. */
  private List<AdviceInfo.Outcome> outcomes(UUID model, String target) {
    List<AdviceInfo.Outcome> outcomes = new ArrayList<>();
    for (Jobs.Estimates job : jobs.estimates(model, MOST_JOBS)) {
      for (Report.Estimate row : Json.read(job.estimates(), Report.Estimate[].class)) {
        if (row.target().equals(target)) {
          outcomes.add(
              new AdviceInfo.Outcome(
                  job.job(),
                  row.advice(),
                  row.quantity(),
                  row.estimate(),
                  row.measured(),
                  row.ratio()));
        }
      }
    }
    return outcomes;
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
