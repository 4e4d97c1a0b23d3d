package io.compresso.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtSession;
import io.compresso.client.DatasetsApi;
import io.compresso.client.JobsApi;
import io.compresso.client.ModelsApi;
import io.compresso.client.TechniquesApi;
import io.compresso.client.http.ApiClient;
import io.compresso.client.http.ApiException;
import io.compresso.client.model.DataReference;
import io.compresso.client.model.Dataset;
import io.compresso.client.model.Job;
import io.compresso.client.model.JobData;
import io.compresso.client.model.JobSpec;
import io.compresso.client.model.Model;
import io.compresso.client.model.PipelineStep;
import io.compresso.client.model.QuantizeParameters;
import io.compresso.client.model.Report;
import io.compresso.evaluate.OnnxRuntimePeer;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs a whole job with the client that the build generates from {@code openapi.yaml}. */
class GeneratedClientIT {
  private static final Duration LIMIT = Duration.ofMinutes(3);

  @TempDir Path folder;

  private final ApiClient client =
      new ApiClient().setScheme("http").setHost("127.0.0.1").setPort(TestServer.get().port());
  private final ModelsApi models = new ModelsApi(client);
  private final DatasetsApi datasets = new DatasetsApi(client);
  private final JobsApi jobs = new JobsApi(client);

  @Test
  void job_runsFromUploadToReport() throws Exception {
    Path modelFile =
        Files.write(folder.resolve("sound.onnx"), ModelBytes.sound().build().toByteArray());
    Path dataFile = Files.write(folder.resolve("digits.zip"), DataBytes.mnist(64, 64, 3));
    Model model = models.uploadModel(modelFile.toFile(), "client-model");
    assertThat(models.getModel(model.getId()).getSha256()).isEqualTo(model.getSha256());
    Dataset dataset = datasets.uploadDataset(dataFile.toFile(), "client-data", null, null);
    assertThat(dataset.getExamples()).isEqualTo(64);
    assertThat(dataset.getName()).isEqualTo("client-data");

    JobSpec spec =
        new JobSpec()
            .name("client-job")
            .model(model.getId().toString())
            .data(
                new JobData()
                    .calibration(new DataReference(dataset.getId().toString()))
                    .eval(new DataReference(dataset.getId().toString())))
            .addPipelineItem(
                new PipelineStep()
                    .quantize(new QuantizeParameters().mode(QuantizeParameters.ModeEnum.STATIC)));
    Job job = await(jobs.submitJob(spec, UUID.randomUUID().toString(), false).getId());
    assertThat(job.getState()).as("%s", job).isEqualTo(Job.StateEnum.SUCCEEDED);

    UUID result = job.getResult();
    assertThat(models.getModel(result).getParent()).isEqualTo(model.getId());
    assertThat(models.getModel(result).getJob()).isEqualTo(job.getId());
    File file = models.downloadModel(result, null, null, null);
    try (OrtSession session =
        OnnxRuntimePeer.environment()
            .createSession(file.toString(), new OrtSession.SessionOptions())) {
      assertThat(session.getInputNames()).containsExactly("x");
    }
    Report report = jobs.getJobReport(job.getId());
    assertThat(report.getSize().getParent()).isEqualTo(Files.size(modelFile));
    assertThat(report.getSize().getChild()).isEqualTo(file.length());
    assertThat(report.getLayers()).isNotEmpty();
    assertThat(report.getVerdict().getReasons()).isNotEmpty();
    assertThat(jobs.listJobLogs(job.getId(), null, 100).getItems()).isNotNull();
  }

  @Test
  void catalogue_hasSchemas() throws Exception {
    assertThat(new TechniquesApi(client).listTechniques().getItems())
        .extracting(technique -> technique.getName())
        .contains("quantize");
  }

  @Test
  void refusal_isAProblem() {
    assertThatThrownBy(() -> jobs.getJob(new UUID(0, 0)))
        .isInstanceOfSatisfying(
            ApiException.class,
            e -> {
              assertThat(e.getCode()).isEqualTo(404);
              assertThat(e.getResponseBody()).contains("job-not-found");
            });
  }

  private Job await(UUID id) throws Exception {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    Job job = jobs.getJob(id);
    while (job.getState() == Job.StateEnum.QUEUED || job.getState() == Job.StateEnum.RUNNING) {
      assertThat(System.nanoTime()).as("still %s", job.getState()).isLessThan(deadline);
      Thread.sleep(100);
      job = jobs.getJob(id);
    }
    return job;
  }
}
